"""The mark: a lifted lever between two contacts, as inline pictures, so that nothing is fetched."""

from urllib.parse import quote

_LEVER = (
    "<circle cx='4' cy='15' r='3' fill='{ink}'/><circle cx='25' cy='15' r='3' fill='{ink}'/>"
    "<path d='M4 15L21 6' stroke='{lever}' stroke-width='3' stroke-linecap='round'/>"
)


def _picture(inner: str, width: int, height: int) -> str:
    return "data:image/svg+xml," + quote(
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height}'"
        f" viewBox='0 0 {width} {height}'>{inner}</svg>"
    )


# One picture for light and dark: the name follows the page through a media query inside the picture.
LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='128' height='24' viewBox='0 0 128 24'>"
    "<style>.i{fill:#17202A}.l{stroke:#B24409}"
    "@media(prefers-color-scheme:dark){.i{fill:#E9EDF0}.l{stroke:#F08A3C}}</style>"
    "<circle class='i' cx='4' cy='16' r='2.6'/><circle class='i' cx='20' cy='16' r='2.6'/>"
    "<path class='l' d='M4 16L18 9' stroke-width='2.6' stroke-linecap='round'/>"
    "<text class='i' x='30' y='19' font-family='Source Sans,Source Sans Pro,sans-serif' font-size='17'"
    " font-weight='600'>Breakwatch</text></svg>"
)

ICON = _picture(_LEVER.format(ink="#52606D", lever="#B24409"), 29, 24)
