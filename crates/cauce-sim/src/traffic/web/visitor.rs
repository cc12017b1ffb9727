//! A visitor, and what happens on a visit.

use uuid::Uuid;

use super::{
    pages::{Page, referrer},
    uuid,
};
use crate::Random;

const ORIGIN: &str = "https://tienda.example";
/// Events of a visit, beside those of its pages: 4 to 26, 15 in the middle.
const EVENTS: (u64, u64) = (4, 23);

/// A browser that comes, perhaps more than once.
pub(super) struct Visitor {
    pub(super) id: Uuid,
}

impl Visitor {
    pub(super) fn new(random: &mut Random) -> Visitor {
        Visitor { id: uuid(random) }
    }
}

/// One visit.
pub(super) struct Visit {
    pub(super) visitor: Visitor,
    pub(super) session: Uuid,
    page: Option<Page>,
    referrer: String,
    cart: Vec<u64>,
    left: u64,
}

/// What happens next.
pub(super) struct Step {
    pub(super) kind: &'static str,
    pub(super) metadata: String,
}

impl Visit {
    pub(super) fn begin(visitor: Visitor, random: &mut Random) -> Visit {
        Visit {
            visitor,
            session: uuid(random),
            page: None,
            referrer: referrer(random).to_owned(),
            cart: Vec::new(),
            left: EVENTS.0 + random.below(EVENTS.1),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    pub(super) fn step(&mut self, random: &mut Random) -> Step {
        self.left = self.left.saturating_sub(1);
        let Some(page) = &self.page else {
            return self.open(Page::home());
        };
        let (path, product) = (page.path.clone(), page.product);
        let draw = random.below(100);
        match (draw, product) {
            (0..28, _) => self.open(Page::draw(random)),
            (28..58, _) => step(
                "SCROLL",
                format!(
                    r#"{{"depth":{},"path":"{path}"}}"#,
                    25 * (1 + random.below(4))
                ),
            ),
            (58..80, _) => step(
                "MOUSE_MOVE",
                format!(
                    r#"{{"path":"{path}","x":{},"y":{}}}"#,
                    random.below(1440),
                    random.below(900)
                ),
            ),
            (94..97, Some(product)) => {
                self.cart.push(product);
                let price = 5 + product % 90;
                step(
                    "ADD_TO_CART",
                    format!(
                        r#"{{"currency":"EUR","path":"{path}","price":{price},"product":"SKU-{product}"}}"#
                    ),
                )
            }
            (97..99, _) if !self.cart.is_empty() => self.buy(random),
            (99, _) => step(
                "FORM_SUBMIT",
                format!(r#"{{"form":"boletin","path":"{path}"}}"#),
            ),
            _ => step(
                "CLICK",
                format!(
                    r#"{{"path":"{path}","target":"boton-{}"}}"#,
                    random.below(12)
                ),
            ),
        }
    }

    fn open(&mut self, page: Page) -> Step {
        let Page { path, title, .. } = &page;
        let metadata = format!(
            r#"{{"path":"{path}","referrer":"{}","title":"{title}","url":"{ORIGIN}{path}"}}"#,
            self.referrer
        );
        self.referrer = format!("{ORIGIN}{path}");
        self.page = Some(page);
        step("PAGE_VIEW", metadata)
    }

    fn buy(&mut self, random: &mut Random) -> Step {
        let total: u64 = self.cart.drain(..).map(|product| 5 + product % 90).sum();
        let order = random.bits() >> 24;
        step(
            "PURCHASE",
            format!(
                r#"{{"currency":"EUR","order":"P-{order:010x}","path":"/gracias","total":{total}}}"#
            ),
        )
    }
}

fn step(kind: &'static str, metadata: String) -> Step {
    Step { kind, metadata }
}
