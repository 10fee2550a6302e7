"""Attention in training on a processor: plain products, where torch's kernel has a slow backward pass.

On a GPU, in passes without gradients, and wherever a model asks for more than this gives (dropout on attention, a
bias by position, learned or not), torch's `scaled_dot_product_attention` computes as it did.
"""

from typing import Any

import torch
from torch.autograd.function import once_differentiable
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

_NAME = "plain_products"
# Up to these widths plain products were measured to be as fast or faster, forward and backward, on processors of
# Intel and AMD; beyond, what they hold of each pair of pieces no longer fits a cache.
_WIDEST = {torch.bfloat16: 256, torch.float32: 128}


def attend_by_products(module: Any) -> None:
    """Have a model of transformers on a processor attend by plain products, if it takes its attention by name."""
    takes_names = getattr(module, "_supports_attention_backend", False)
    if takes_names and module.config._attn_implementation == "sdpa":
        AttentionInterface.register(_NAME, _attend)
        AttentionMaskInterface.register(_NAME, sdpa_mask)
        module.set_attn_implementation(_NAME)


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *rest: Any,
    **more: Any,
) -> Any:
    """Attention as transformers calls it: of (b, h, n, d) each, shape (b, n, h, d), and no weights."""
    if torch.is_autocast_enabled("cpu"):
        to = torch.get_autocast_dtype("cpu")
        query, key, value = query.to(to), key.to(to), value.to(to)
    is_plain = (
        torch.is_grad_enabled()
        and query.shape[2] == key.shape[2] <= _WIDEST.get(query.dtype, 0)
        and query.shape[-1] == value.shape[-1]
        # One of numbers may be learned, as Swin's and BEiT's are: it would get no gradient here.
        and (attention_mask is None or attention_mask.dtype == torch.bool)
        and not rest
        and not more.get("dropout")
        and more.get("position_bias") is None
        and more.get("softcap") is None
    )
    if not is_plain:
        return sdpa_attention_forward(module, query, key, value, attention_mask, *rest, **more)
    groups = getattr(module, "num_key_value_groups", 1)
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    b, h, n, d = query.shape
    causal = more.get("is_causal")
    bias = _bias(
        attention_mask, query, getattr(module, "is_causal", True) if causal is None else causal
    )
    if bias is not None:
        bias = bias.expand(b, h, -1, n).reshape(b * h, -1, n)
    scale = d**-0.5 if more.get("scaling") is None else more["scaling"]
    with torch.autocast("cpu", enabled=False):
        folded = (t.reshape(b * h, n, d) for t in (query, key, value))
        out: Any = _Attention.apply(*folded, bias, scale)  # type: ignore[no-untyped-call]
    return out.view(b, h, n, d).transpose(1, 2).contiguous(), None


def _bias(mask: torch.Tensor | None, query: torch.Tensor, causal: bool) -> torch.Tensor | None:
    """What is added to the products of two pieces, shape (b, 1, n or 1, n); None for nothing."""
    n = query.shape[2]
    if mask is None and causal and n > 1:
        mask = torch.ones(n, n, dtype=torch.bool).tril()[None, None]
    if mask is None:
        return None
    # One row does for all pieces where the mask is only of what fills up.
    if mask.stride(2) == 0:
        mask = mask[:, :, :1]
    lowest = torch.finfo(query.dtype).min
    return torch.zeros(mask.shape, dtype=query.dtype).masked_fill_(~mask, lowest)


class _Attention(torch.autograd.Function):
    """softmax(scale q k' + bias) v of (b h, n, d) each: without the copies that autograd would keep."""

    @staticmethod
    def forward(ctx: Any, q: Any, k: Any, v: Any, bias: Any, scale: float) -> Any:
        q = q * scale
        s = torch.bmm(q, k.mT) if bias is None else torch.baddbmm(bias, q, k.mT)
        p = torch.softmax(s, -1)
        ctx.save_for_backward(q, k, v, p)
        ctx.scale = scale
        return torch.bmm(p, v)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> Any:
        (out,), (q, k, v, p) = grads, ctx.saved_tensors
        ds = torch._softmax_backward_data(torch.bmm(out, v.mT), p, -1, p.dtype)
        return (
            torch.bmm(ds, k).mul_(ctx.scale),
            torch.bmm(ds.mT, q),
            torch.bmm(p.mT, out),
            None,
            None,
        )
