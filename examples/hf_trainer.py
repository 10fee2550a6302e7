"""A Hugging Face Trainer script, as everybody has one: a trainer that is a command."""

import argparse

import datasets
import numpy as np
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers.trainer_utils import get_last_checkpoint

parser = argparse.ArgumentParser()
for name in ("train", "test", "out", "scratch", "seed"):
    parser.add_argument(f"--{name}")
given = parser.parse_args()
hf.set_seed(int(given.seed))

train, test = (datasets.Dataset.from_parquet(path) for path in (given.train, given.test))
labels = sorted(set(train["label"]))  # probabilities are of the classes in this order
# Sorted: a vocabulary in the order of a set would differ from run to run.
PAD, UNKNOWN = "[PAD]", "[UNK]"
words = [PAD, UNKNOWN, *sorted({word for text in train["text"] for word in text.split()})]
raw = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token=UNKNOWN))
raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=raw, pad_token=PAD, unk_token=UNKNOWN)
train, test = (part.map(lambda row: tokenizer(row["text"])) for part in (train, test))
train = train.map(lambda row: {"labels": labels.index(row["label"])}, remove_columns="label")

config = hf.BertConfig(
    vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=64, num_labels=len(labels),
)  # fmt: skip
settings = hf.TrainingArguments(
    given.scratch, seed=int(given.seed), num_train_epochs=3, per_device_train_batch_size=16,
    learning_rate=2e-3, save_steps=20, use_cpu=True, report_to="none", disable_tqdm=True,
)  # fmt: skip
model = hf.BertForSequenceClassification(config)
trainer = hf.Trainer(model, settings, train_dataset=train, processing_class=tokenizer)
trainer.train(resume_from_checkpoint=get_last_checkpoint(given.scratch))  # goes on after a kill
logits = trainer.predict(test).predictions
np.save(given.out, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
