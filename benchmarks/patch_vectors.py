"""Vectors of small images without a pretrained model, for --embedding-column: Parquet a split.

Whitened patches, a dictionary of them by k-means, and their soft assignments summed over the quarters of
the image, on the main directions: what a linear head then reaches on CIFAR-10 is printed by the sweep.

    pip install pillow
    python -m benchmarks.patch_vectors ../shared/data/cifar10 OUT
    prune-envelope sweep --dataset OUT

References:
    Coates, Lee and Ng, "An Analysis of Single-Layer Networks in Unsupervised Feature Learning", 2011.
"""

import argparse
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray

SIDE, WORDS, WIDTH, BLOCK = 6, 800, 256, 250


def pixels(table: pa.Table) -> NDArray[np.float32]:
    """The images of a table, shape (n, 3, 32, 32), in [0, 1]."""
    from PIL import Image

    held = [
        np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("RGB"))
        for row in table["image"].to_pylist()
    ]
    return np.stack(held).transpose(0, 3, 1, 2).astype(np.float32) / 255


def patches_of(images: NDArray[np.float32], count: int, rng: np.random.Generator) -> Any:
    """Patches drawn at random, each less its mean over its spread, shape (count, 3 * SIDE * SIDE)."""
    rows = rng.integers(0, len(images), count)
    tops, lefts = rng.integers(0, 32 - SIDE + 1, (2, count))
    drawn = [
        images[i, :, y : y + SIDE, x : x + SIDE].ravel()
        for i, y, x in zip(rows, tops, lefts, strict=True)
    ]
    return normal(torch.from_numpy(np.stack(drawn)))


def normal(patches: Any) -> Any:
    """Each patch less its mean, over its spread."""
    centred = patches - patches.mean(1, keepdim=True)
    return centred / torch.sqrt(centred.var(1, keepdim=True) + 10 / 255**2)


def dictionary(patches: Any, rounds: int = 10) -> tuple[Any, Any, Any]:
    """The mean and whitening of patches, and WORDS centres of the whitened by spherical k-means."""
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(patches.T))
    whiten = vectors @ torch.diag(1 / torch.sqrt(values + 0.1)) @ vectors.T
    white = (patches - mean) @ whiten
    generator = torch.Generator().manual_seed(0)
    centres = torch.nn.functional.normalize(torch.randn(WORDS, white.shape[1], generator=generator))
    for _ in range(rounds):
        near = white @ centres.T
        best = near.abs().argmax(1)
        sums = torch.zeros_like(centres)
        sums.index_add_(0, best, white * near.gather(1, best[:, None]))
        centres = torch.nn.functional.normalize(sums + 1e-6)
    return mean, whiten, centres


def features(
    images: NDArray[np.float32], mean: Any, whiten: Any, centres: Any
) -> NDArray[np.float32]:
    """Soft assignments of all patches, summed over the quarters of each image, shape (n, 4 * WORDS)."""
    out = np.empty((len(images), 4 * WORDS), dtype=np.float32)
    places = 32 - SIDE + 1
    for start in range(0, len(images), BLOCK):
        block = torch.from_numpy(images[start : start + BLOCK])
        patches = torch.nn.functional.unfold(block, SIDE).transpose(1, 2)
        n = len(patches)
        white = (normal(patches.reshape(-1, patches.shape[2])) - mean) @ whiten
        found = torch.relu((white @ centres.T).abs() - 0.5).reshape(n, places, places, WORDS)
        half = places // 2
        quarters = [
            found[:, y, x].sum((1, 2))
            for y in (slice(half), slice(half, None))
            for x in (slice(half), slice(half, None))
        ]
        out[start : start + n] = torch.cat(quarters, 1).numpy()
    return out


def main() -> None:
    """Write OUT/train.parquet and OUT/test.parquet with columns embedding and label."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    started = time.perf_counter()
    tables = {name: pq.read_table(args.data / f"{name}.parquet") for name in ("train", "test")}
    images = {name: pixels(table) for name, table in tables.items()}
    learned = dictionary(patches_of(images["train"], 200_000, np.random.default_rng(0)))
    wide = {name: features(held, *learned) for name, held in images.items()}
    mean, spread = wide["train"].mean(0), wide["train"].std(0) + 1e-6
    scaled = {name: (held - mean) / spread for name, held in wide.items()}
    _, directions = np.linalg.eigh(scaled["train"].T @ scaled["train"])
    args.out.mkdir(parents=True, exist_ok=True)
    for name, held in scaled.items():
        vectors = (held @ directions[:, ::-1][:, :WIDTH]).astype(np.float32)
        column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), WIDTH)
        table = pa.table({"embedding": column, "label": tables[name]["label"]})
        metadata = tables[name].schema.metadata
        pq.write_table(table.replace_schema_metadata(metadata), args.out / f"{name}.parquet")
        print(f"{args.out / name}.parquet: {len(vectors):,} vectors of {WIDTH} numbers")
    print(f"{time.perf_counter() - started:.0f} s on {args.threads} threads")


if __name__ == "__main__":
    main()
