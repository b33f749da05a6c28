import re

from hypothesis import given
from hypothesis import strategies as st

from mainspring.charts import Html, cut, el, escape, join
from page_reader import Reader

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")))


@given(texts, texts)
def test_text_and_attributes_come_back_as_they_went_in(text, title):
    read = Reader(el("p", text, title=title))
    assert read.elements == [("p", {"title": title})]
    assert read.text == text


def test_markup_in_text_is_shown_not_obeyed():
    drawn = el("td", "<script>alert('x')</script>", data_name='" onclick="alert(1)')
    assert [name for name, _ in Reader(drawn).elements] == ["td"]
    assert "<script" not in drawn
    assert Reader(drawn).elements[0][1] == {"data-name": '" onclick="alert(1)'}


def test_html_is_taken_as_it_is_wherever_it_stands():
    inner = el("b", "1 < 2")
    assert el("p", inner, [inner, "<"], None) == "<p><b>1 &lt; 2</b><b>1 &lt; 2</b>&lt;</p>"
    assert join(inner, "<", by=" ") == "<b>1 &lt; 2</b> &lt;"


def test_attributes_without_a_value_are_left_out():
    assert el("details", open=True, id=None, hidden=False, class_="x") == '<details open class="x"></details>'


def test_void_elements_are_not_closed():
    assert el("br") == "<br>"


@given(st.text())
def test_no_control_character_reaches_the_page(text):
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", escape(text))


@given(st.text(), st.integers(2, 50), st.booleans())
def test_cut_text_is_never_too_long_and_keeps_its_beginning(text, length, middle):
    short = cut(text, length, middle=middle)
    assert len(short) <= max(length, 2)
    assert short == text if len(text) <= length else short.partition("…")[0] == text[: len(short.partition("…")[0])]


def test_html_stays_html_when_it_is_escaped_once():
    assert isinstance(escape("&"), Html)
    assert join(escape("&")) == "&amp;"
