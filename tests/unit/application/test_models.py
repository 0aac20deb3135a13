import pytest

from application.use_cases.models import GetModel, ListModels
from domain.errors import ModelNotFound
from tests.unit.application.bench import LLAMA, SMALL, Bench


async def test_models_are_listed_and_read(bench: Bench) -> None:
    assert await ListModels(models=bench.models)() == [LLAMA, SMALL]
    assert await GetModel(models=bench.models)("small") == SMALL
    with pytest.raises(ModelNotFound):
        await GetModel(models=bench.models)("unknown")
