import pytest

from domain.errors import ValidationFailed
from domain.model_card import ModelCard, require_sight


@pytest.mark.parametrize(
    ("capability", "question"),
    [("completion", "can_chat"), ("thinking", "can_think"), ("vision", "can_see"), ("tools", "can_use_tools")],
)
def test_a_model_can_what_its_capabilities_say(capability: str, question: str) -> None:
    assert getattr(ModelCard(name="m", capabilities=frozenset({capability})), question)
    others = frozenset({"completion", "thinking", "vision", "tools"}) - {capability}
    assert not getattr(ModelCard(name="m", capabilities=others), question)


def test_pictures_are_for_models_that_can_see() -> None:
    require_sight(ModelCard(name="m", capabilities=frozenset({"vision"})))
    with pytest.raises(ValidationFailed) as raised:
        require_sight(ModelCard(name="m", capabilities=frozenset({"completion"})))
    assert raised.value.details == {"field": "images", "model": "m"}
