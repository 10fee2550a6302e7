"""Small data for the other examples: python make_data.py FOLDER."""

import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

rng = np.random.default_rng(0)
folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)

n = 600
houses = pd.DataFrame({"area": rng.uniform(40, 250, n).round(), "rooms": rng.integers(1, 8, n)})
houses["age"], houses["garden"] = rng.integers(0, 90, n), rng.choice(["yes", "no"], n)
worth = 2000 * houses["area"] + 9000 * houses["rooms"] - 800 * houses["age"]
houses["price"] = (worth + 30000 * (houses["garden"] == "yes") + rng.normal(0, 15000, n)).round()
houses.to_csv(folder / "houses.csv", index=False)

OTHERS = ["the", "app", "window", "file", "button", "save", "open", "screen", "menu", "list"]
words = {"bug": "crash error broken fails wrong", "wish": "please could add option like"}
rows = []
for i in range(n):
    label = list(words)[i % 2]
    own = rng.choice(words[label].split(), 3)
    text = [*own, *rng.choice(OTHERS, 7)]
    rows.append({"text": " ".join(rng.permutation(text)), "label": label})
pd.DataFrame(rows).to_csv(folder / "tickets.csv", index=False)

images = []
for i in range(n):
    pixels = rng.integers(0, 120, (8, 8, 3))
    pixels[2:6, 2:6, i % 3] += 25  # a square in the colour of its class
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "png")
    images.append({"image": file.getvalue(), "label": ["red", "green", "blue"][i % 3]})
pd.DataFrame(images).to_parquet(folder / "squares.parquet")

chats = []
for _ in range(n):
    a, b = rng.integers(1, 100, 2)
    chats.append({"prompt": f"add {a} and {b}", "answer": f"{a} and {b} make {a + b}"})
pd.DataFrame(chats).to_json(folder / "chat.jsonl", orient="records", lines=True)
