"""The model of --model causal_lm, trained by a loop of one's own: by its pieces, in its order, from its seeds."""

from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import torch
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel

from trainables.data.dataset import Dataset, Split
from trainables.keys import seed_for
from trainables.learners import LEARNERS
from trainables.learners.documents import fitted_documents
from trainables.training.schedule import Schedule, learning_rate


def rows_of(table):
    n = table.num_rows
    return Split(inputs=table["text"], labels=np.zeros(n, int), ids=np.arange(n))


def losses(model, one, rows):
    """Loss of each row's pieces but the first, summed, and their number."""
    width = int(one.pieces.lengths[rows].max())
    pieces = torch.from_numpy(one.pieces.padded(rows, width, 0))
    said = torch.where(torch.from_numpy(one.padded_scored(rows, width)), pieces, -100)[:, 1:]
    logits = model(input_ids=pieces).logits[:, :-1]
    each = cross_entropy(logits.transpose(1, 2), said, ignore_index=-100, reduction="none")
    return each.sum(1), (said != -100).sum(1)


def said_of(model, one):
    with torch.no_grad():
        parts = [losses(model, one, np.array([row])) for row in range(len(one.pieces.lengths))]
    return (torch.cat(each).double().numpy() for each in zip(*parts, strict=True))


def fit(train, test, *, seed, whole="train.parquet", epochs=2, length=32):
    training = replace(LEARNERS["causal_lm"].training, epochs=epochs, max_length=length)
    every = rows_of(pq.read_table(whole))
    data = Dataset(name="", kind="text", class_names=(), train=every, test=rows_of(test))
    documents = fitted_documents(data, every, length)
    keep = np.isin(np.arange(len(every)), train["id"].to_numpy())
    config = GPT2Config(
        vocab_size=documents.vocabulary, n_positions=length, n_layer=2, n_head=4, n_embd=128,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=None, eos_token_id=None,
    )  # fmt: skip
    torch.manual_seed(seed_for(seed, "weights"))
    model = GPT2LMHeadModel(config)
    reference, _ = said_of(model, documents.splits["test"])
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": 0.01},
        {"params": [p for p in model.parameters() if p.ndim == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=training.lr)
    lengths = documents.splits["train"].pieces.lengths
    for step in Schedule(lengths=lengths, seed=seed, training=training, keep=keep).steps():
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step.progress, training)
        loss, count = losses(model, documents.splits["train"], step.rows)
        optimizer.zero_grad()
        (loss.sum() / count.sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), training.clip_norm)
        optimizer.step()
    loss, weight = said_of(model, documents.splits["test"])
    return {"loss": loss, "weight": weight, "reference": reference}
