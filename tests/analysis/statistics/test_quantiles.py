"""Our quantiles against scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special

from app.analysis import usual
from app.analysis.statistics import quantiles


@pytest.mark.parametrize("freedom", [1, 1.0001, 1.7, 2, 5.5, 6, 10, 29.7, 100, 1000.5, 9_999])
@pytest.mark.parametrize("p", [0.6, 0.9, 0.975, 0.9995])
def test_students_t(freedom: float, p: float) -> None:
    assert quantiles.student_t(freedom, p) == pytest.approx(special.stdtrit(freedom, p), rel=1e-10)


@pytest.mark.parametrize("shape", [1, 1.5, 2, 10.2, 100, 12_345.6, 1e6])
@pytest.mark.parametrize("p", [0.025, 0.5, 0.975])
def test_gamma(shape: float, p: float) -> None:
    assert quantiles.gamma(shape, p) == pytest.approx(special.gammaincinv(shape, p), rel=1e-10)


def test_ln_factorial() -> None:
    n = np.concatenate([np.arange(2_000), 10 ** np.arange(4, 10)])
    np.testing.assert_allclose(quantiles.ln_factorial(n), special.gammaln(n + 1), rtol=1e-14, atol=1e-15)


@given(st.integers(0, 2**32), st.integers(1, 6))
def test_weights_that_are_not_negative(seed: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.poisson(3, (60, columns)).astype(float), rng.poisson(4, 60).astype(float)
    want, _ = optimize.nnls(a, b)
    found = usual.not_negative(a, b)
    assert (found >= 0).all()
    assert np.linalg.norm(a @ found - b) == pytest.approx(np.linalg.norm(a @ want - b), rel=1e-9)
