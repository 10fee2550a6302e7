"""Small data for the other examples: python make_data.py FOLDER."""

import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

rng = np.random.default_rng(0)
folder, n = Path(sys.argv[1]), 600
folder.mkdir(parents=True, exist_ok=True)

houses = pd.DataFrame({"area": rng.uniform(40, 250, n).round(), "rooms": rng.integers(1, 8, n)})
houses["age"], houses["garden"] = rng.integers(0, 90, n), rng.choice(["yes", "no"], n)
worth = 2000 * houses["area"] + 9000 * houses["rooms"] - 800 * houses["age"]
houses["price"] = (worth + 30000 * (houses["garden"] == "yes") + rng.normal(0, 15000, n)).round()
houses.to_csv(folder / "houses.csv", index=False)

OTHERS = ["the", "app", "window", "file", "button", "save", "open", "screen", "menu", "list"]
words, rows = {"bug": "crash error broken fails", "wish": "please could add option"}, []
for i in range(n):
    label = ("bug", "wish")[i % 2]
    text = [*rng.choice(words[label].split(), 3), *rng.choice(OTHERS, 7)]
    rows.append({"text": " ".join(rng.permutation(text)), "label": label})
pd.DataFrame(rows).to_csv(folder / "tickets.csv", index=False)

images = []
for i in range(n):
    pixels = rng.integers(0, 120, (8, 8, 3))
    pixels[2:6, 2:6, i % 3] += 25  # a square in the colour of its class
    Image.fromarray(pixels.astype(np.uint8)).save(file := io.BytesIO(), "png")
    images.append({"image": file.getvalue(), "label": ("red", "green", "blue")[i % 3]})
pd.DataFrame(images).to_parquet(folder / "squares.parquet")

sums = pd.DataFrame(rng.integers(1, 100, (n, 2)), columns=["a", "b"])
sums["prompt"] = [f"add {a} and {b}" for a, b in zip(sums.a, sums.b, strict=True)]
sums["answer"] = [f"{a} and {b} make {a + b}" for a, b in zip(sums.a, sums.b, strict=True)]
sums[["prompt", "answer"]].to_json(folder / "chat.jsonl", orient="records", lines=True)
