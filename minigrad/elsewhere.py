"""What is not here yet, and what PyTorch has and minigrad has not.

What not every program needs is imported when it is first asked for. To ask for what is not here at
all, a name of a module, a method of tensors or of layers, raises the AttributeError of Python, with
a note on what is nearest; the notes are imported then. A module of Python asks here from its
`__getattr__`. Of tensors and of nn's modules, each name is a descriptor of its own: a `__getattr__`
would do as well, and would slow down every attribute.
"""

from __future__ import annotations

import sys
from _thread import RLock
from collections.abc import Iterable, Mapping
from importlib import import_module
from inspect import getattr_static
from typing import TYPE_CHECKING, Any

from minigrad.notes import noted

__all__ = [
    "METHODS", "OF_MODULES", "Absent", "Elsewhere", "InModules", "Later", "asked_for", "not_here",
]  # fmt: skip

importing = RLock()


class Later:
    """A module that is imported when something of it is first asked for, by one thread at a time.

    Where two threads import modules of one package in different orders, each may wait for what the
    other has begun; Python then lets one of them have a module that is half made.
    """

    def __init__(self, module: str) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        with importing:
            value = getattr(import_module(self.module), name)
        setattr(self, name, value)
        return value


absent = Later("minigrad.absent")


def not_here(module: str, name: str, names: Iterable[str]) -> Exception:
    """The error for `module.name`; `names` are the ones that the module has."""
    error = AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
    if name.startswith("_"):  # Python itself asks, for __path__ and the like
        return error
    return noted(error, absent.note(module, name, names))


def asked_for(module: str, name: str, homes: Mapping[str, str]) -> Any:
    """The value of `module.name`, imported from its home and kept in the module from then on.

    `homes` says in which modules the names are defined; a module is at home in itself.
    AttributeError for other names.
    """
    names = vars(sys.modules[module])
    if name not in homes:
        raise not_here(module, name, {*names, *homes})
    with importing:
        home = import_module(homes[name])
        found = names[name] = home if homes[name] == f"{module}.{name}" else getattr(home, name)
    return found


METHODS = """
    H absolute absolute_ acos acos_ acosh acosh_ addbmm addbmm_ addcdiv addcdiv_ addcmul
    addcmul_ addmm_ addmv addmv_ addr addr_ adjoint aminmax angle apply_ arccos arccos_ arccosh
    arccosh_ arcsin arcsin_ arcsinh arcsinh_ arctan arctan2 arctan2_ arctan_ arctanh arctanh_
    argsort argwhere as_strided as_strided_ as_strided_scatter as_subclass asin asin_ asinh
    asinh_ atan atan2 atan2_ atan_ atanh atanh_ baddbmm baddbmm_ bernoulli bernoulli_ bfloat16
    bincount bitwise_left_shift bitwise_left_shift_ bitwise_right_shift bitwise_right_shift_
    byte cauchy_ ccol_indices cdouble ceil ceil_ cfloat chalf char cholesky cholesky_inverse
    cholesky_solve clamp_max clamp_max_ clamp_min clamp_min_ clip clip_ coalesce col_indices
    conj conj_physical conj_physical_ const_data_ptr copysign copysign_ corrcoef cosh cosh_
    count_nonzero cov cross crow_indices cuda cummax cummin cumprod cumprod_ cumsum cumsum_
    deg2rad deg2rad_ dense_dim dequantize det diag diag_embed diagflat diagonal diagonal_scatter
    diff digamma digamma_ dim_order dist divide divide_ dsplit eig eq_ erf erf_ erfc erfc_
    erfinv erfinv_ exp2 exp2_ expm1 expm1_ exponential_ fill_diagonal_ fix fix_ flip fliplr
    flipud float_power float_power_ floor floor_ fmax fmin fmod fmod_ frac frac_ frexp gather
    gcd gcd_ ge_ geometric_ geqrf ger get_device grad_dtype greater greater_ greater_equal
    greater_equal_ gt_ half hardshrink hash_tensor heaviside heaviside_ histc histogram hsplit
    hypot hypot_ i0 i0_ igamma igamma_ igammac igammac_ imag index index_add index_add_
    index_copy index_copy_ index_fill index_fill_ index_put index_put_ index_reduce
    index_reduce_ index_select indices inner int_repr inverse ipu is_coalesced is_conj is_cpu
    is_distributed is_ipu is_maia is_meta is_mkldnn is_mps is_mtia is_neg is_nested is_nonzero
    is_pinned is_quantized is_same_size is_set_to is_shared is_signed is_sparse is_sparse_csr
    is_vulkan is_xla is_xpu isneginf isposinf isreal istft kron kthvalue layout lcm lcm_ ldexp
    ldexp_ le_ lerp lerp_ less less_ less_equal less_equal_ lgamma lgamma_ log10 log10_ log1p
    log1p_ log2 log2_ log_normal_ logaddexp logaddexp2 logcumsumexp logdet logit logit_ lstsq
    lt_ lu lu_solve mH map2_ map_ masked_fill masked_fill_ masked_scatter masked_scatter_
    masked_select matrix_exp matrix_power median mode module_load moveaxis movedim msort mtia
    multinomial multiply multiply_ mvlgamma mvlgamma_ name nan_to_num nan_to_num_ nanmean
    nanmedian nanquantile nansum narrow narrow_copy ndimension ne_ negative negative_ new
    new_empty_strided nextafter nextafter_ nonzero nonzero_static not_equal not_equal_ orgqr
    ormqr pin_memory pinverse polygamma polygamma_ positive prelu put put_ q_per_channel_axis
    q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qr qscheme quantile
    rad2deg rad2deg_ random_ real record_stream reinforce renorm renorm_ repeat
    repeat_interleave resize resize_ resize_as resize_as_ resize_as_sparse_ resolve_conj
    resolve_neg roll rot90 round round_ row_indices rsqrt rsqrt_ scatter scatter_ scatter_add
    scatter_add_ scatter_reduce scatter_reduce_ select select_scatter set_ sgn sgn_
    share_memory_ short signbit sinc sinc_ sinh sinh_ slice_inverse slice_scatter slogdet smm
    solve sort sparse_dim sparse_mask sparse_resize_ sparse_resize_and_clear_ split_with_sizes
    squeeze_ sspaddmm stft storage storage_type subtract subtract_ sum_to_size svd swapaxes
    swapaxes_ swapdims swapdims_ symeig t_ take take_along_dim tan tan_ tensor_split tile
    to_dense to_mkldnn to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo
    to_sparse_csc to_sparse_csr topk trace transpose_ triangular_solve tril tril_ triu triu_
    true_divide true_divide_ trunc trunc_ unflatten unfold unique unique_consecutive
    unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze_ untyped_storage values vdot
    volatile vsplit xlogy xlogy_ xpu
""".split()  # noqa: SIM905 (quotes around each would not help)


OF_MODULES = """
    T_destination bfloat16 call_super_init compile cuda dump_patches get_extra_state half ipu mtia
    register_backward_hook register_full_backward_hook register_full_backward_pre_hook
    register_load_state_dict_post_hook register_load_state_dict_pre_hook
    register_state_dict_post_hook register_state_dict_pre_hook set_extra_state set_submodule
    share_memory to_empty xpu
""".split()  # noqa: SIM905


class Absent:
    """An attribute that is not there, of tensors or of modules of nn."""

    __slots__ = ("name", "where")

    def __init__(self, name: str, where: str) -> None:
        self.name, self.where = name, where

    def __get__(self, instance: object, owner: type) -> Any:
        raise absent.attribute_of(self.where, instance, owner, self.name)


def visible(self: object) -> list[str]:
    """What dir() lists."""
    names = object.__dir__(self)
    return [name for name in names if not isinstance(getattr_static(self, name, None), Absent)]


def base(where: str, names: Iterable[str]) -> type:
    """A class from which one inherits that the names are not there."""
    missing = {name: Absent(name, where) for name in names}
    return type("Elsewhere", (), {"__slots__": (), "__dir__": visible, **missing})


if TYPE_CHECKING:

    class Elsewhere:
        __slots__ = ()

    class InModules:
        __slots__ = ()

else:
    Elsewhere = base("tensor", METHODS)
    InModules = base("module", OF_MODULES)
