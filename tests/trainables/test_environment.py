import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from trainables.environment import autocast, draw_from, environment, has_bf16, settle


def test_the_environment_names_versions_threads_and_device():
    found = environment(2)
    assert found["torch"] == torch.__version__.split("+")[0] or found["torch"] == torch.__version__
    assert found["threads"] == "2"
    assert found["device"].startswith("cpu")
    assert environment(2, gpu=True)["device"] == "cuda"


def test_another_count_of_threads_is_another_environment():
    assert environment(1) != environment(2)


def test_settling_fixes_the_threads_that_torch_computes_with():
    settle(2)
    assert torch.get_num_threads() == 2
    settle(1)
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.utils.deterministic.fill_uninitialized_memory


def test_matrix_products_run_in_bf16_only_where_asked():
    with autocast("bf16"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16
    with autocast("fp32"):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


def test_an_accelerator_has_bf16():
    assert has_bf16(gpu=True)


def test_draws_are_those_of_a_manual_seed():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        expected = torch.rand(3)
        draw_from(7)
        assert torch.equal(torch.rand(3), expected)


def test_a_trial_computes_by_deterministic_kernels_in_the_precision_that_is_named():
    settle(1)
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] in {":4096:8", ":16:8"}
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    assert (cudnn.benchmark, cudnn.deterministic) == (False, True)
    assert (cudnn.allow_tf32, matmul.allow_tf32) == (False, False)


def test_work_that_asks_for_no_accelerator_sees_none(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    settle(1)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"
    settle(1, gpu=False)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == ""


def test_faiss_multiplies_by_the_kernels_of_the_named_instructions():
    pytest.importorskip("faiss")
    if "avx2" not in environment(1)["device"]:
        pytest.skip("kernels are named for x86 with AVX2 alone")
    code = (
        "import os\n"
        "from trainables.environment import settle\n"
        "settle(1)\n"
        "from threadpoolctl import threadpool_info\n"
        "of_faiss = [i for i in threadpool_info() if 'faiss' in i['filepath']]\n"
        "print(*(i.get('architecture') for i in of_faiss), 'OPENBLAS_CORETYPE' in os.environ)"
    )
    root = Path(__file__).parents[2]
    clean = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=root,
        env=clean,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = "SkylakeX" if "avx512f" in environment(1)["device"] else "Haswell"
    assert expected in ran.stdout
    assert "False" in ran.stdout
