"""The few pieces of statistics that training needs. NumPy alone, and the same every time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taxonomy.features import SparseRows

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def topic_axes(rows: SparseRows, topics: int, rng: np.random.Generator, rounds: int = 4) -> Floats:
    """The strongest right singular vectors of a sparse matrix, as (width, topics).

    Gives fewer topics where the matrix has fewer rows or columns.
    By random projection
    and power iterations (Halko, Martinsson and Tropp, 2011).
    """
    spare = 10
    basis = rng.standard_normal((rows.width, topics + spare)).astype(np.float32)
    for _ in range(rounds):
        fresh = np.zeros_like(basis)
        for _, block in rows.batches(1024):
            fresh += block.T @ (block @ basis)
        basis, _ = np.linalg.qr(fresh)
    small = rows.times(basis)
    _, _, right = np.linalg.svd(small, full_matrices=False)
    axes = basis @ right[:topics].T
    # The sign of a singular vector is free: fix it, so that files can be compared.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return np.asarray(axes * signs, dtype=np.float32)


FEW = 30
"""Rows up to which a column's pairs of rows are cheaper one by one than as a dense product."""


def text_gram(rows: SparseRows, columns: int = 4096, few: int = FEW) -> Floats:
    """Products of all pairs of rows, as (rows, rows)."""
    times = np.bincount(rows.columns, minlength=rows.width)
    where = np.repeat(np.arange(rows.rows), np.diff(rows.starts))
    rare = times[rows.columns] <= few
    out = _rare_gram(rows.columns[rare], where[rare], rows.values[rare], rows.rows)
    common = np.flatnonzero(times > few)
    number = np.zeros(rows.width, dtype=np.int64)
    number[common] = np.arange(len(common))
    where, at, values = where[~rare], number[rows.columns[~rare]], rows.values[~rare]
    for first in range(0, len(common), columns):
        inside = (at >= first) & (at < first + columns)
        block = np.zeros((rows.rows, columns), dtype=np.float32)
        block[where[inside], at[inside] - first] = values[inside]
        out += block @ block.T
    return out


def _rare_gram(
    columns: NDArray[np.int64], where: NDArray[np.int64], values: Floats, rows: int
) -> Floats:
    """`text_gram` of columns with few entries: every pair of entries of a column in turn."""
    order = np.argsort(columns, kind="stable")
    columns, where, values = columns[order], where[order], values[order]
    _, first, times = np.unique(columns, return_index=True, return_counts=True)
    out = np.zeros(rows * rows, dtype=np.float32)
    for size in np.unique(times):
        group = first[times == size][:, None] + np.arange(size)
        cells = where[group][:, :, None] * rows + where[group][:, None, :]
        products = values[group][:, :, None] * values[group][:, None, :]
        np.add.at(out, cells.ravel(), products.ravel())
    return out.reshape(rows, rows)


def kernel_ridge(
    kernel: Floats, truth: Doubles, penalty: float, weights: Floats
) -> tuple[Doubles, Doubles, Doubles]:
    """Kernel ridge regression of all outputs at once.

    Takes: kernel, (n, n); truth, (n, b), 0 or 1; weights, (n,), what each item counts.
    Gives (pull, mean, unseen): the dual weights (n, b), the mean that was taken off (b,),
    and for every item the prediction (n, b) of the model trained without it, which ridge
    regression has in closed form.
    """
    mean = np.average(truth, axis=0, weights=weights)
    system = kernel.astype(np.float64) + np.diag(penalty / weights.astype(np.float64))
    inverse = np.linalg.inv(system)
    pull = inverse @ (truth - mean)
    unseen = truth - pull / np.diag(inverse)[:, None]
    return pull, mean, unseen


def logistic(
    features: Doubles,
    truth: Doubles,
    weights: Doubles,
    penalty: float,
    offset: Doubles | None = None,
    rounds: int = 30,
) -> tuple[Doubles, float]:
    """Logistic regression by Newton's method: (weights, bias).

    Takes: penalty, of the squared weights, the bias is free; offset, (n,), added to the
    log-odds before anything is learned. Where only one answer occurs, gives zeros and a
    bias that says so.
    """
    if truth.min() == truth.max():
        return np.zeros(features.shape[1]), 6.0 if truth.max() else -6.0
    table = np.column_stack([features, np.ones(len(features))])
    hold = np.full(table.shape[1], penalty)
    hold[-1] = 1e-6
    start = np.zeros(len(features)) if offset is None else offset
    found = np.zeros(table.shape[1])
    for _ in range(rounds):
        chance = 0.5 * (1 + np.tanh(0.5 * (table @ found + start)))
        slope = table.T @ (weights * (chance - truth)) + hold * found
        bend = (table.T * (weights * chance * (1 - chance) + 1e-9)) @ table + np.diag(hold)
        step = np.linalg.solve(bend, slope)
        # Newton overshoots where the classes are nearly separable.
        found -= step * min(1.0, 5.0 / (np.abs(step).max() + 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return found[:-1], float(found[-1])


def second_step(
    raw: Doubles, truth: Doubles, weights: Doubles, penalty: float
) -> tuple[Doubles, Doubles]:
    """Turn raw outputs into log-odds: (stack (b, b), bias (b,)).

    Each output is first calibrated on its own (Platt, 1999); then all other outputs may
    correct it, held back by `penalty`, for a category is likelier beside some than others.
    """
    outputs = truth.shape[1]
    stack, bias = np.zeros((outputs, outputs)), np.zeros(outputs)
    for at in range(outputs):
        own, shift = logistic(raw[:, [at]], truth[:, at], weights, 0.01)
        more, rest = logistic(
            raw, truth[:, at], weights, penalty, offset=raw[:, at] * own[0] + shift
        )
        stack[:, at] = more
        stack[at, at] += own[0]
        bias[at] = shift + rest
    return stack, bias
