//! The letter as one HTML page: printable, readable on a phone, no outside request.
//!
//! Takes the pieces of a letter; gives a page with every text escaped.

use super::{Letter, Piece, pieces};
use crate::terms::Lang;

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:1.05rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;line-height:1.25}
h2{font-size:1.15rem;margin:1.5rem 0 .25rem;border-top:1px solid currentColor;padding-top:.75rem}
p{margin:.35rem 0}
ul{margin:.35rem 0;padding-left:1.25rem}
@media print{
:root{color-scheme:light}
@page{size:A4;margin:20mm}
body{font-size:11pt;margin:0;max-width:none;padding:0}
h2,li{break-inside:avoid}
h2{break-after:avoid}
}";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The letter as an HTML page.
#[must_use]
pub fn html(letter: &Letter<'_>, lang: Lang) -> String {
    let code = match lang {
        Lang::Id => "id",
        Lang::En => "en",
    };
    let mut body = String::new();
    let mut title = String::new();
    let mut listing = false;
    for piece in pieces(letter) {
        let point = matches!(piece, Piece::Point(_));
        if point != listing {
            body.push_str(if point { "<ul>\n" } else { "</ul>\n" });
            listing = point;
        }
        match piece {
            Piece::Title(text) => {
                title = escaped(text.get(lang));
                body.push_str(&format!("<h1>{title}</h1>\n"));
            }
            Piece::Heading(text) => body.push_str(&format!("<h2>{}</h2>\n", escaped(text.get(lang)))),
            Piece::Line(text) => body.push_str(&format!("<p>{}</p>\n", escaped(text.get(lang)))),
            Piece::Point(text) => body.push_str(&format!("<li>{}</li>\n", escaped(text.get(lang)))),
        }
    }
    if listing {
        body.push_str("</ul>\n");
    }
    format!(
        "<!doctype html>\n<html lang=\"{code}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{title}</title>\n\
         <style>\n{STYLE}\n</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
