"""EPILOGS: what stands below the help of a command: examples to copy, and exit codes."""

from collections.abc import Mapping

_AGAIN = "The same command again goes on where it stopped."

EPILOGS: Mapping[str, str] = {
    "prune-envelope": """First steps:
  prune-envelope demo                 minutes, on any laptop
  prune-envelope sweep -h             your own data

prune-envelope COMMAND -h explains a command; --install-completion teaches your shell to complete it. python -m orchestrator COMMAND works, too.""",
    "demo": f"""Examples:
  prune-envelope demo
  prune-envelope demo --seeds 3 --run runs/first

{_AGAIN}""",
    "sweep": f"""Examples:
  # your own table: what would run, then the run itself
  prune-envelope sweep --dataset tickets.csv \\
      --test-fraction 0.2 --model linear --dry-run
  prune-envelope sweep --dataset tickets.csv \\
      --test-fraction 0.2 --model linear

  # other shares and signals; trials that ran are kept
  prune-envelope sweep --dataset tickets.csv \\
      --test-fraction 0.2 --model linear \\
      --rate 0.1,0.3,0.5 --signal el2n,redundancy,k=5

  # a signal of your own: function longest in mine.py
  prune-envelope sweep --grid demo --signal mine:longest

  # stopped, or killed: the same command goes on
  prune-envelope sweep --grid demo

  # one list of rows, tested by fresh seeds, then written
  prune-envelope sweep --grid demo --confirm --run runs/a
  prune-envelope prune runs/a pruned

  # many machines
  prune-envelope sweep --grid full --address auto \\
      --storage s3://BUCKET/sweeps

  # flags in a file; --set changes one of them
  prune-envelope config init sweep.yaml
  prune-envelope sweep sweep.yaml --set epochs=3

Exit codes: 0 done, 1 a bug of ours, 2 usage, 3 finished but some trials failed or a limit stopped it, 4 data or environment not there or not valid, 6 refused for safety, 130 or 143 stopped with state saved. {_AGAIN} python -m orchestrator.sweep takes the same flags.""",
    "status": """Examples:
  prune-envelope status runs/a
  prune-envelope status runs/a --watch

Exit codes: 0 done, 2 usage, 4 run not there or not valid.""",
    "prune": f"""Examples:
  # by the run's answer, trained anew on exactly that file
  prune-envelope prune runs/a pruned
  # by a method and share of your choice
  prune-envelope prune runs/a pruned --method keep_one \\
      --rate 0.2

Exit codes: 0 done, 2 usage, 3 the warrant lacks trials, 4 run or data not there or not the same, 5 the run or the warrant does not show it, 6 refused for safety, 130 or 143 stopped with state saved. {_AGAIN}""",
    "score": f"""Examples:
  prune-envelope score tickets.csv --model linear \\
      --signal el2n,redundancy --out scores.parquet
  prune-envelope score tickets --model linear \\
      --signal label_quality --dry-run

Exit codes: 0 done, 2 usage, 4 data, model or machine not there or not fit, 6 refused for safety, 130 stopped. {_AGAIN}""",
    "inspect": """Examples:
  prune-envelope inspect tickets.csv
  prune-envelope inspect tickets.csv --text-column body \\
      --label-column queue

Exit codes: 0 done, 2 usage, 4 data not there or not valid.""",
    "signals": """Examples:
  prune-envelope signals
  prune-envelope sweep --grid demo --signal el2n:stratified""",
    "grids": """Examples:
  prune-envelope grids
  prune-envelope grids demo
  prune-envelope sweep --grid demo --dry-run""",
    "doctor": """Examples:
  prune-envelope doctor
  prune-envelope doctor --address auto

Exit codes: 0 no problem, 2 usage, 4 a problem was found.""",
    "theory": f"""Examples:
  prune-envelope theory
  prune-envelope theory --repetitions 5 --run runs/quick

Exit codes: 0 done, 2 usage, 3 finished but a mean lies outside the interval accepted for it, 130 or 143 stopped with state saved. {_AGAIN}""",
    "config": """Examples:
  prune-envelope config init sweep.yaml
  prune-envelope config show sweep.yaml --set epochs=3
  prune-envelope sweep sweep.yaml""",
    "cache": """Examples:
  prune-envelope cache ls
  prune-envelope cache gc --older-than 30 --dry-run
  prune-envelope cache export runs/a""",
}
