# R's glmnet as a solver of the race: Rscript glmnet.R glmnet FOLDER OPTIONS
# It speaks as worker.py does: a line of JSON when warm, then for each tolerance read a
# line of JSON with the seconds, the coefficients being written to the folder.
#
# Scaling: glmnet divides y by its standard deviation s (taken about the mean, even
# without an intercept), so with standardize = FALSE the problem it solves is
#   1/(2n) ||y - b - Xw||^2 + lambda (a ||w||_1 + (1 - a)/2 ||w||^2 / s).
# lambda = alpha (l1_ratio + s (1 - l1_ratio)) and a = alpha l1_ratio / lambda make it
# ours; for the lasso nothing changes. The race's own gap confirms it. The other families
# have our scale as it is, weights being divided by their mean.

suppressPackageStartupMessages({library(Matrix); library(glmnet)})

read_npy <- function(path) {
  con <- file(path, "rb"); on.exit(close(con))
  readBin(con, "raw", 8)
  header <- rawToChar(readBin(con, "raw", readBin(con, "int", 1, size = 2)))
  dims <- as.numeric(strsplit(sub(".*'shape': \\(([^)]*)\\).*", "\\1", header),
                              ",[ ]*")[[1]])
  values <- if (grepl("<f8", header)) readBin(con, "double", prod(dims)) else
    readBin(con, "int", prod(dims), size = 4)
  if (length(dims) == 2) dim(values) <- dims  # the race stores X in Fortran order
  values
}

write_npy <- function(x, path) {
  con <- file(path, "wb"); on.exit(close(con))
  header <- sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d,), }",
                    if (is.integer(x)) "<i4" else "<f8", length(x))
  header <- paste0(formatC(header, width = -117), "\n")  # 10 + 118 = 128 bytes
  writeBin(as.raw(c(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0)), con)
  writeBin(nchar(header), con, size = 2)
  writeBin(charToRaw(header), con)
  writeBin(x, con)
}

say <- function(...) { cat(sprintf(...), "\n", sep = ""); flush(stdout()) }

arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[2]
npy <- function(name) file.path(folder, paste0(name, ".npy"))
job <- paste(readLines(file.path(folder, "job.json"), warn = FALSE), collapse = "")
field <- function(key, text = job) sub(sprintf('.*"%s": *"?([^],"}]*).*', key), "\\1", text)
intercept <- field("fit_intercept") == "true"
l1_ratio <- as.numeric(field("l1_ratio"))
loss <- if (grepl('"loss"', job)) field("loss") else "squared"
y <- read_npy(npy("y"))
weights <- if (file.exists(npy("sample_weight"))) read_npy(npy("sample_weight"))
alphas <- read_npy(npy("alphas"))
if (field("sparse") == "true") {
  shape <- as.integer(strsplit(sub('.*"shape": *\\[([^]]*)\\].*', "\\1", job), ",")[[1]])
  X <- new("dgCMatrix", x = read_npy(npy("X_data")), i = read_npy(npy("X_indices")),
           p = read_npy(npy("X_indptr")), Dim = shape)
} else {
  X <- read_npy(npy("X"))
}
# glmnet chooses its method by the number of columns; the option overrules it.
method <- if (grepl("type.gaussian", arguments[3])) field("type.gaussian", arguments[3]) else
  if (ncol(X) < 500) "covariance" else "naive"
# glmnet makes room for pmax columns at each alpha, and class: too much for millions.
pmax <- if (loss == "multinomial") min(ncol(X), 20000) else ncol(X)
glmnet.control(fdev = 0, devmax = 1)  # follow the path to its end

family <- switch(loss, squared = "gaussian", logistic = "binomial",
                 gamma = Gamma("log"), loss)

# A single alpha of the logistic loss is reached in steps, as glmnet's manual advises.
with_steps <- function(X, y, alphas) {
  if (loss != "logistic" || length(alphas) > 1 || l1_ratio == 0) return(alphas)
  r <- (y - if (intercept) mean(y) else 0.5) / length(y)
  alpha_max <- max(abs(as.vector(crossprod(X, r)))) / l1_ratio
  exp(seq(log(alpha_max), log(alphas), length.out = 12))
}

solve_path <- function(X, y, weights, alphas, thresh) {
  s <- if (loss == "squared") sqrt(mean((y - mean(y))^2)) else 1
  strength <- l1_ratio + s * (1 - l1_ratio)
  alphas <- with_steps(X, y, alphas)
  fit <- glmnet(X, y, family = family, weights = weights, alpha = l1_ratio / strength,
                lambda = alphas * strength, standardize = FALSE, intercept = intercept,
                thresh = thresh, maxit = 1e9, type.gaussian = method, pmax = pmax)
  if (length(fit$lambda) < length(alphas))
    stop(sprintf("stopped after %d alphas", length(fit$lambda)))
  fit
}

set.seed(0)
tiny <- matrix(rnorm(240), 30, 8)
if (is(X, "sparseMatrix")) tiny <- as(tiny, "dgCMatrix")
tiny_y <- switch(loss, squared = rnorm(30), logistic = 0:29 %% 2, 0:29 %% 3 + 1)
for (k in 1:5) solve_path(tiny, tiny_y, NULL, c(0.5, 0.2, 0.1), 1e-7)  # R compiles too
say('{"version": "%s"}', packageVersion("glmnet"))

con <- file("stdin"); open(con)
while (length(line <- readLines(con, n = 1)) == 1) {
  begun <- Sys.time(); cpu <- proc.time()
  fit <- tryCatch(suppressWarnings(solve_path(X, y, weights, alphas, as.numeric(line))),
                  error = conditionMessage)
  seconds <- as.numeric(Sys.time() - begun, units = "secs")
  cpu <- sum((proc.time() - cpu)[1:2])
  if (is.character(fit)) {
    say('{"error": "%s"}', gsub('["\n]', " ", fit))
    next
  }
  beta <- fit$beta
  if (is.list(beta)) {  # a matrix for each class; the race wants them by alpha
    order <- t(matrix(seq_len(length(beta) * length(alphas)), length(alphas)))
    beta <- do.call(cbind, beta)[, as.vector(order)]
  } else {
    beta <- beta[, tail(seq_len(ncol(beta)), length(alphas)), drop = FALSE]
  }
  write_npy(beta@x, npy("coef_data"))
  write_npy(beta@i, npy("coef_indices"))
  write_npy(beta@p, npy("coef_indptr"))
  write_npy(tail(as.numeric(fit$a0), ncol(beta)), npy("intercept"))
  say('{"seconds": %.6f, "cpu_seconds": %.6f}', seconds, cpu)
}
