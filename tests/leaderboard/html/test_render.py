"""The file: one page that names nothing outside itself and cannot be broken by what a record holds."""

import json
import re

import pytest

from bench.leaderboard.html.render import in_script, render_html
from bench.leaderboard.markdown.pages import MARKER


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "<!-- <script>", "\u2028 \u2029 & < >", "{{data}}"]
)
def test_what_a_record_holds_is_read_back_and_ends_no_script(text):
    page = render_html({"reason": text, "style": "{{style}}"})
    held = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    assert json.loads(held) == {"reason": text, "style": "{{style}}"}
    assert "<" not in held
    assert page.count("<script") == 2


def test_every_place_of_the_template_is_filled():
    page = render_html({})
    assert "{{" not in page
    assert page.startswith(f"{MARKER}\n<!doctype html>")
    for part in (":root {", "function build(", "showAddress();\n"):
        assert part in page


def test_a_number_that_json_lacks_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        render_html({"value": float("nan")})


def test_the_page_names_no_address_to_load_from():
    page = render_html({})
    assert not re.findall(r"""(?:src|href|action)=["'](?!#|data:)""", page)
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", page)
    assert "default-src 'none'" in page


def test_json_in_a_script_stays_json():
    assert json.loads(in_script('"<a>\u2028"')) == "<a>\u2028"
