# Needs python3 (3.11 or later), a C compiler and make; the rest is installed from PyPI
# into a virtual environment of its own.  Everything is made under .venv and docs/_build.
#
#   make demo           what riata does, on real spectra
#   make test           the tests, on the package built from this checkout
#   make golden         the results of small problems against recorded ones, bit for bit
#   make lint           ruff, cython-lint, mypy, stubtest
#   make bench          the asv benchmarks on this checkout
#   make race           riata against other packages at equal accuracy, with pictures
#   make docs           the documentation, in docs/_build/html
#   make test-levels    the tests of the core, the documentation and the command line under
#                       each instruction-set level of this machine but the best, which
#                       `make test` runs
#   make test-serial    the path tests on a build without OpenMP
#   make test-debug     the tests of compiled code on a build with bounds checks
#   make test-sanitize  the same under AddressSanitizer and UBSan (gcc)
#   make clean          remove what was built (rm -r .venv for the environment as well)
#
# Variables: PYTHON (the interpreter to start from), VENV, PYTEST_ARGS, BENCH_ARGS,
# RACE_ARGS (by default --quick).

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
BENCH_ARGS ?=
RACE_ARGS ?= --quick

BIN := $(abspath $(VENV))/bin
STAMPS := $(VENV)/stamps
BUILDS := $(abspath $(VENV))/builds
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -q
SOURCES := pyproject.toml meson.build meson.options README.md LICENSE \
  $(shell find src -type f ! -name '*.so' ! -name '*.pyc')
COMPILED := $(patsubst src/riata/_core/%.pyx,%,$(wildcard src/riata/_core/*.pyx))

# Meson looks for cython and ninja on the path.
export PATH := $(BIN):$(PATH)
# An installed package is what is tested, never the source folder.
unexport PYTHONPATH
# Threads of BLAS cost more than they save on the small products of the tests, and threads
# that spin while they wait cost what runs beside them.
test test-serial test-debug test-levels: export OPENBLAS_NUM_THREADS ?= 1
test test-serial test-debug test-levels: export OMP_WAIT_POLICY ?= passive

# Requirements of pyproject.toml: of the build, of the package, or of an extra.
define requirements
import sys, tomllib
with open("pyproject.toml", "rb") as file:
    settings = tomllib.load(file)
project = settings["project"]
known = project["optional-dependencies"] | {
    "build": settings["build-system"]["requires"], "run": project["dependencies"]}
print("\n".join(known[sys.argv[1]]))
endef
export requirements

.PHONY: demo test golden lint bench race docs test-levels test-serial test-debug test-sanitize clean
.DELETE_ON_ERROR:

demo: $(STAMPS)/riata $(STAMPS)/needs-plot
	$(BIN)/python -m riata demo

test: $(STAMPS)/riata $(STAMPS)/needs-test
	$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist worksteal $(PYTEST_ARGS)

golden: export OPENBLAS_NUM_THREADS = 1
golden: export OMP_NUM_THREADS = 1
golden: $(STAMPS)/riata $(STAMPS)/needs-test
	env -u RIATA_KERNELS $(BIN)/python -m pytest $(PYTEST_ARGS) tests/golden/golden_results.py

lint: $(STAMPS)/riata $(STAMPS)/needs-lint
	$(BIN)/ruff check .
	$(BIN)/cython-lint src
	$(BIN)/mypy
	cd $(VENV) && $(BIN)/python -m mypy.stubtest --ignore-unused-allowlist --allowlist \
	  $(abspath src/riata/_core/stubtest.txt) $(addprefix riata._core.,$(COMPILED))

docs: $(STAMPS)/riata $(STAMPS)/needs-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "The documentation is in docs/_build/html/index.html"

bench: $(STAMPS)/riata $(STAMPS)/needs-bench
	cd benchmarks && $(BIN)/asv machine --yes && $(BIN)/asv run --python=same \
	  --set-commit-hash $$(git rev-parse HEAD) $(BENCH_ARGS)

race: $(STAMPS)/riata $(STAMPS)/needs-plot
	$(BIN)/python benchmarks/compare/peers.py
	$(BIN)/python benchmarks/compare/race.py $(RACE_ARGS)
	$(BIN)/python benchmarks/compare/race.py $(RACE_ARGS) \
	  --pictures benchmarks/compare/results

# --- Builds.  A build with other options stands in a folder of its own and is put on
# the path in front of the usual one.

variant = $(BUILDS)/$(1)/package
with_variant = PYTHONPATH=$(call variant,$(1))
# The tests that reach compiled code and neither measure memory nor start processes.
CORE_TESTS = $(addprefix tests/test_,path.py newton_loop.py certificate.py degenerate.py sparse_core.py)

# Another level's rounding shows in what compiled code reaches, and in printed pages; two
# levels at a time.  (The scripts of examples/ are long, and print no numbers.)
LEVEL_TESTS = $(CORE_TESTS) $(addprefix tests/test_,kernels.py solver.py docs.py cli.py)
LEVELS = $(BIN)/python -c \
  'from riata._core.design import kernel_levels; print(*kernel_levels()[:-1] or ["baseline"])'
test-levels: $(STAMPS)/riata $(STAMPS)/needs-test
	+$(MAKE) --no-print-directory -j2 -Otarget \
	  $$($(LEVELS) | sed 's/[^ ]*/test-level-&/g')
test-level-%: $(STAMPS)/riata $(STAMPS)/needs-test
	RIATA_KERNELS=$* $(BIN)/python -m pytest -p no:cacheprovider \
	  -k 'not examples_run' $(PYTEST_ARGS) $(LEVEL_TESTS)

test-serial: $(STAMPS)/riata-serial $(STAMPS)/needs-test
	$(call with_variant,serial) $(BIN)/python -m pytest $(PYTEST_ARGS) tests/test_path.py

test-debug: $(STAMPS)/riata-debug $(STAMPS)/needs-test
	$(call with_variant,debug) $(BIN)/python -m pytest $(PYTEST_ARGS) $(CORE_TESTS)

SANITIZERS = $(foreach name,libasan.so libubsan.so,$(shell $(CC) -print-file-name=$(name)))
test-sanitize: $(STAMPS)/riata-sanitize $(STAMPS)/needs-test
	$(call with_variant,sanitize) LD_PRELOAD="$(SANITIZERS)" PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	  $(BIN)/python -m pytest $(PYTEST_ARGS) $(CORE_TESTS)

serial_options = -Csetup-args=-Dopenmp=disabled
debug_options = -Csetup-args=-Ddebug_checks=true -Csetup-args=-Dbuildtype=debugoptimized
sanitize_options = -Csetup-args=-Db_sanitize=address,undefined \
  -Csetup-args=-Db_lundef=false -Csetup-args=-Dbuildtype=debugoptimized

$(STAMPS)/riata: $(SOURCES) $(STAMPS)/needs-build $(STAMPS)/needs-run
	$(PIP) install --no-build-isolation --no-deps --force-reinstall \
	  -Cbuild-dir=$(BUILDS)/release .
	@touch $@

$(STAMPS)/riata-%: $(SOURCES) $(STAMPS)/needs-build $(STAMPS)/needs-run
	$(PIP) install --no-build-isolation --no-deps --upgrade --target $(call variant,$*) \
	  -Cbuild-dir=$(BUILDS)/$*/build $($*_options) .
	@touch $@

# --- The environment.

$(STAMPS)/needs-%: pyproject.toml | $(STAMPS)
	$(BIN)/python -c "$$requirements" $* > $@.txt
	$(PIP) install -r $@.txt
	@touch $@

$(STAMPS): | $(BIN)/python
	@mkdir -p $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "riata needs Python 3.11 or later; try make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install 'pip>=23.1'

clean:
	rm -rf $(BUILDS) $(STAMPS) docs/_build docs/generated docs/gallery
