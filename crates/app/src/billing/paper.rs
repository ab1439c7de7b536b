//! Paper: pages of text, rules and tints, turned into a PDF.
//!
//! Everything is laid out in whole tenths of a point from the upper left corner of an A4 page. Nothing in the file tells when or
//! where it was made, so that the same pages are the same bytes.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use skrifa::raw::TableProvider;
use skrifa::{FontRef, MetadataProvider};

use crate::error::AppError;

/// Width of a page, in tenths of a point.
pub(super) const WIDTH: i16 = 5953;
/// Height of a page.
pub(super) const HEIGHT: i16 = 8419;

/// M PLUS 1, which has Latin, Greek, Cyrillic, kana and the kanji of everyday use.
static REGULAR: &[u8] = include_bytes!("../../fonts/Mplus1-Regular.otf");
/// The Latin letters of its bold cut.
static BOLD: &[u8] = include_bytes!("../../fonts/Mplus1-Bold-Latin.otf");

/// A colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink(pub(super) u8, pub(super) u8, pub(super) u8);

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Its size, in tenths of a point.
    pub(super) size: i16,
    /// In bold, where the bold cut has all its letters.
    pub(super) is_bold: bool,
    /// Its colour.
    pub(super) ink: Ink,
}

/// A letter as the font has it.
#[derive(Clone, Copy)]
struct Letter {
    glyph: u32,
    /// How far it moves on, in thousandths of the size.
    advance: u16,
}

struct Face {
    font: Font,
    letters: HashMap<char, Letter>,
}

struct Faces {
    regular: Face,
    bold: Face,
}

static FACES: LazyLock<Option<Faces>> = LazyLock::new(|| {
    Some(Faces {
        regular: Face::read(REGULAR)?,
        bold: Face::read(BOLD)?,
    })
});

/// What stands for a letter that the font has not.
const UNKNOWN: char = '?';

impl Face {
    fn read(data: &'static [u8]) -> Option<Self> {
        let font = Font::new(data.into(), 0)?;
        let parsed = FontRef::new(data).ok()?;
        let widths = parsed.hmtx().ok()?;
        let letters = parsed.charmap().mappings().filter_map(|(code, glyph)| {
            let letter = Letter {
                glyph: glyph.to_u32(),
                advance: widths.advance(glyph)?,
            };
            Some((char::from_u32(code)?, letter))
        });
        Some(Self {
            letters: letters.collect(),
            font,
        })
    }

    fn has(&self, text: &str) -> bool {
        text.chars()
            .all(|letter| self.letters.contains_key(&letter))
    }

    fn letter(&self, letter: char) -> Option<Letter> {
        let unknown = || self.letters.get(&UNKNOWN);
        self.letters.get(&letter).or_else(unknown).copied()
    }

    /// How wide a text is, in tenths of a point.
    fn width(&self, text: &str, size: i16) -> i16 {
        let thousandths: i64 = text
            .chars()
            .filter_map(|letter| self.letter(letter))
            .map(|letter| i64::from(letter.advance))
            .sum();
        let width = thousandths.saturating_mul(i64::from(size)) / 1000;
        i16::try_from(width).unwrap_or(i16::MAX)
    }
}

/// The face in which a text is set.
fn face<'a>(faces: &'a Faces, text: &str, style: Style) -> &'a Face {
    if style.is_bold && faces.bold.has(text) {
        &faces.bold
    } else {
        &faces.regular
    }
}

/// How wide a text is, in tenths of a point.
pub(super) fn width(text: &str, style: Style) -> i16 {
    FACES
        .as_ref()
        .map_or(0, |faces| face(faces, text, style).width(text, style.size))
}

/// A text cut to fit a width.
pub(super) fn fitted(text: &str, style: Style, room: i16) -> String {
    if width(text, style) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let cut = format!("{}…", kept.trim_end());
        if width(&cut, style) <= room {
            return cut;
        }
    }
    String::new()
}

/// A text in lines that fit a width, broken between words.
pub(super) fn wrapped(text: &str, style: Style, room: i16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match longer.filter(|longer| width(longer, style) <= room) {
            Some(longer) => {
                lines.pop();
                lines.push(longer);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Something on a page.
enum Mark {
    Text {
        x: i16,
        /// Of the line that the letters stand on.
        y: i16,
        style: Style,
        text: String,
    },
    Box {
        x: i16,
        y: i16,
        width: i16,
        height: i16,
        ink: Ink,
    },
}

/// One page.
#[derive(Default)]
pub(super) struct Page {
    marks: Vec<Mark>,
}

impl Page {
    /// A text that begins at a place.
    pub(super) fn text(&mut self, x: i16, y: i16, style: Style, text: &str) {
        let text = text.to_owned();
        self.marks.push(Mark::Text { x, y, style, text });
    }

    /// A text that ends at a place.
    pub(super) fn text_to(&mut self, right: i16, y: i16, style: Style, text: &str) {
        let x = right.saturating_sub(width(text, style));
        self.text(x, y, style, text);
    }

    /// A filled box; a thin one is a rule.
    pub(super) fn tint(&mut self, x: i16, y: i16, width: i16, height: i16, ink: Ink) {
        self.marks.push(Mark::Box {
            x,
            y,
            width,
            height,
            ink,
        });
    }
}

/// Thousandths as the PDF library takes them: it measures in binary fractions, and nothing else here does.
fn thousandths<T: FromStr + Default>(count: u16) -> T {
    format!("{count}e-3").parse().unwrap_or_default()
}

/// Tenths, likewise.
fn tenths<T: FromStr>(count: i16) -> Option<T> {
    format!("{count}e-1").parse().ok()
}

/// Pages as a PDF.
///
/// # Errors
/// When the library cannot write it.
pub(super) fn bind(title: &str, pages: &[Page]) -> Result<Vec<u8>, AppError> {
    let failed = || AppError::Impossible("the document could not be written".to_owned());
    let faces = FACES.as_ref().ok_or_else(failed)?;
    let mut document = Document::new_with(SerializeSettings::default());
    document.set_metadata(
        Metadata::new()
            .title(title.to_owned())
            .language("en".to_owned()),
    );
    for page in pages {
        let settings = tenths(WIDTH)
            .zip(tenths(HEIGHT))
            .and_then(|(width, height)| PageSettings::from_wh(width, height));
        let mut sheet = document.start_page_with(settings.ok_or_else(failed)?);
        let mut surface = sheet.surface();
        surface.push_transform(&Transform::from_scale(thousandths(100), thousandths(100)));
        for mark in &page.marks {
            draw(&mut surface, faces, mark);
        }
        surface.pop();
        surface.finish();
        sheet.finish();
    }
    document.finish().map_err(|_| failed())
}

fn fill(ink: Ink) -> Fill {
    Fill {
        paint: rgb::Color::new(ink.0, ink.1, ink.2).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::default(),
    }
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, mark: &Mark) {
    match mark {
        Mark::Text { x, y, style, text } => {
            let face = face(faces, text, *style);
            let glyphs: Vec<KrillaGlyph> = text
                .char_indices()
                .filter_map(|(at, letter)| {
                    let found = face.letter(letter)?;
                    let range = at..at.saturating_add(letter.len_utf8());
                    Some(KrillaGlyph::new(
                        GlyphId::new(found.glyph),
                        thousandths(found.advance),
                        thousandths(0),
                        thousandths(0),
                        thousandths(0),
                        range,
                        None,
                    ))
                })
                .collect();
            surface.set_fill(Some(fill(style.ink)));
            let at = Point::from_xy((*x).into(), (*y).into());
            surface.draw_glyphs(
                at,
                &glyphs,
                face.font.clone(),
                text,
                style.size.into(),
                false,
            );
        }
        Mark::Box {
            x,
            y,
            width,
            height,
            ink,
        } => {
            let area = Rect::from_xywh((*x).into(), (*y).into(), (*width).into(), (*height).into());
            let mut path = PathBuilder::new();
            if let Some(area) = area {
                path.push_rect(area);
            }
            if let Some(path) = path.finish() {
                surface.set_fill(Some(fill(*ink)));
                surface.draw_path(&path);
            }
        }
    }
}
