import pytest
import torch
from qwen_asr.core.transformers_backend.modeling_qwen3_asr import Qwen3ASRTextRMSNorm

from worker.aligners.qwen3.decoder import NORM_VALUES, normalise

SIZE = 128


@pytest.mark.parametrize("rows", [1, NORM_VALUES // SIZE, NORM_VALUES // SIZE + 1, 5_000])
@torch.inference_mode()
def test_states_are_normalised_as_the_package_does_however_many_there_are(rows: int) -> None:
    generator = torch.Generator().manual_seed(0)
    norm = Qwen3ASRTextRMSNorm(SIZE, eps=1e-6)
    norm.weight.copy_(torch.rand(SIZE, generator=generator) + 0.5)
    states = torch.randn(rows, 2, SIZE, generator=generator)
    torch.testing.assert_close(normalise(norm, states), norm(states))
