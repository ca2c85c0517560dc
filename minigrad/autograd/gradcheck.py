"""Is a derivative right? Compared with the slope of the function between two points near by.

`gradcheck(func, inputs)` walks back from each element of the results, and sets what it finds beside
(f(x + eps) - f(x - eps)) / (2 eps); `gradgradcheck` does the same for the second derivatives. The
names, signatures and errors are those of `torch.autograd`; a note under the error says at which
element the two differ most, by how much, what is allowed, and what it looks like.

What does the work stands in slopes.py, which is imported when it is first needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.elsewhere import Later
from minigrad.notes import noted

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

slopes, second_order = Later("minigrad.autograd.slopes"), Later("minigrad.autograd.second_order")


class GradcheckError(RuntimeError):
    """A derivative is not the slope, or backward breaks one of its promises."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """True if the derivatives of `func` at `inputs` are right; else GradcheckError.

    func     takes the inputs, returns a tensor or a tuple of tensors
    inputs   a tensor or a tuple; those that require grad are checked, and should be float64: in
             float32 the rounding of the difference, divided by eps, is larger than the tolerance
    eps      how far apart the two points are from the one between them
    atol, rtol  a derivative may differ from the slope by atol + rtol * |slope|
    raise_exception  if False, False is returned in place of the error
    nondet_tol       by how much two walks back may differ
    check_undefined_grad  whether a user's Function takes None for the gradient of its result
    fast_mode        compare two random projections in place of every element

    Two more promises are checked: zeros as upstream gradient give zeros, and a result that does
    not require grad has no slope. At a kink, where the slopes on the two sides differ, the check
    fails though nothing is wrong. `check_grad_dtypes` and `masked` are accepted: gradients have
    the dtype of their tensor always, and there are no sparse tensors.
    """
    if not (check_forward_ad or check_backward_ad):
        raise noted(
            AssertionError(
                "Expected at least one of check_forward_ad or check_backward_ad to be True"
            ),
            "With both False nothing would be checked. Write check_backward_ad=True: there is no "
            "other walk in minigrad.",
        )
    refuse("check_forward_ad", check_forward_ad, "no forward mode")
    refuse("check_batched_grad", check_batched_grad, "no batched walk")
    refuse("check_batched_forward_grad", check_batched_forward_grad, "no batched walk")
    check = slopes.Check(func, slopes.as_tuple(inputs), eps, atol, rtol, nondet_tol)
    try:
        check.run(fast_mode, check_undefined_grad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """True if the second derivatives of `func` at `inputs` are right; else GradcheckError.

    What is checked is the gradient, as a function of the inputs and of the upstream gradients: of
    `grad_outputs`, or of numbers drawn from [-1, 1) (not contiguous, if `gen_non_contig_...`).
    The inputs of the report are counted through both. The other options are gradcheck's.
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise noted(
            AssertionError(
                "Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True"
            ),
            "With both False nothing would be checked. Write check_rev_over_rev=True: the walk "
            "back through a walk back is the only one in minigrad.",
        )
    if check_undefined_grad and not check_rev_over_rev:
        raise noted(
            AssertionError(
                "Setting check_undefined_grad=True requires check_rev_over_rev to be True"
            ),
            "Undefined gradients are passed to the walk back through a walk back. Write "
            "check_rev_over_rev=True, or check_undefined_grad=False.",
        )
    refuse("check_fwd_over_rev", check_fwd_over_rev, "no forward mode")
    given = second_order.as_tuple(inputs)
    if grad_outputs is None:
        upstream = second_order.random_upstream(func, given, gen_non_contig_grad_outputs)
    else:
        upstream = second_order.as_tuple(grad_outputs)
    return gradcheck(
        second_order.gradient_of(func, given, upstream),
        given + upstream,
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
    )


def refuse(option: str, given: bool, reason: str) -> None:
    if given:
        raise noted(
            NotImplementedError(f"{option}=True: minigrad has {reason}"),
            "Leave the option away: backward, which is all that there is, is checked by default.",
        )
