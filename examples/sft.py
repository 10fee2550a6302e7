"""Instruction tuning of a tiny causal language model: a trainer that gives losses of its own."""

import torch
from transformers import GPT2Config, GPT2LMHeadModel, set_seed

LETTERS = "\n abcdefghijklmnopqrstuvwxyz0123456789"


def encoded(table):
    """Letters as numbers, and which of them belong to the answer; shape (n, t) both."""
    pairs = list(zip(table["prompt"].to_pylist(), table["answer"].to_pylist(), strict=True))
    ids, scored = torch.zeros(2, len(pairs), 64, dtype=torch.long)
    for row, weighs, (prompt, answer) in zip(ids, scored, pairs, strict=True):
        letters = [LETTERS.find(letter) + 1 for letter in f"{prompt}\n{answer}"]
        row[: len(letters)] = torch.tensor(letters)
        weighs[len(prompt) + 1 : len(letters)] = 1  # prompt and padding weigh nothing
    return ids, scored


def losses(model, ids, scored):
    """Nats of each row's answer together, and its letters."""
    logits = model(ids).logits[:, :-1].transpose(1, 2)
    each = torch.nn.functional.cross_entropy(logits, ids[:, 1:], reduction="none")
    return (each * scored[:, 1:]).sum(1), scored[:, 1:].sum(1)


def fit(train, test, *, seed, epochs=2):
    """Loss and weight of each test row, and its loss before training: what training gains."""
    set_seed(seed)
    config = GPT2Config(vocab_size=39, n_positions=64, n_embd=32, n_layer=1, n_head=2)
    model = GPT2LMHeadModel(config).eval()  # so small a model needs no dropout
    optimizer, (ids, scored) = torch.optim.AdamW(model.parameters(), lr=3e-3), encoded(train)
    before, _ = losses(model, *encoded(test))
    for rows in [part for _ in range(epochs) for part in torch.randperm(len(ids)).split(16)]:
        loss, weight = losses(model, ids[rows], scored[rows])
        (loss.sum() / weight.sum()).backward()
        optimizer.step()
        optimizer.zero_grad()
    loss, weight = losses(model, *encoded(test))
    return {"loss": loss.detach(), "weight": weight, "reference": before.detach()}
