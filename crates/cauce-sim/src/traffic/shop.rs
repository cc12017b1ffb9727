//! The shop: what a shopper does next, and what the event of it says.

use serde_json::{Map, Value, json};

use super::{consent::Consent, people::Person};
use crate::Random;

const SHOP: &str = "https://tienda.example";
/// Steps after which anybody leaves.
const MAX_STEPS: u32 = 40;

struct Product {
    id: &'static str,
    name: &'static str,
    category: &'static str,
    brand: &'static str,
    cents: u64,
}

const fn product(
    id: &'static str,
    name: &'static str,
    category: &'static str,
    brand: &'static str,
    cents: u64,
) -> Product {
    Product {
        id,
        name,
        category,
        brand,
        cents,
    }
}

const PRODUCTS: [Product; 10] = [
    product("SKU-1001", "Taza de barro", "Casa", "Barro", 1_995),
    product("SKU-1002", "Mantel de lino", "Casa", "Lino", 4_950),
    product(
        "SKU-2001",
        "Zapatillas de correr",
        "Calzado",
        "Andes",
        8_999,
    ),
    product("SKU-2002", "Botas de montaña", "Calzado", "Andes", 15_900),
    product("SKU-3001", "Café de altura 1 kg", "Comida", "Puna", 2_150),
    product("SKU-3002", "Chocolate 70 %", "Comida", "Puna", 450),
    product("SKU-4001", "Auriculares", "Electrónica", "Eco", 5_999),
    product(
        "SKU-4002",
        "Teclado en español (ñ)",
        "Electrónica",
        "Eco",
        7_410,
    ),
    product("SKU-5001", "Poncho", "Ropa", "Vicuña", 12_000),
    product("SKU-5002", "Calcetines, 3 pares", "Ropa", "Vicuña", 990),
];
const SEARCHES: [&str; 5] = [
    "botas",
    "café",
    "regalo para niño",
    "taza & plato",
    "poncho azul",
];

/// What a shopper does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Land,
    Look,
    Search,
    AddToCart,
    Checkout,
    Pay,
    Purchase,
    Subscribe,
    Register,
    Contact,
}

impl Step {
    pub(super) const fn event_type(self) -> &'static str {
        match self {
            Step::Land => "page_view",
            Step::Look => "view_content",
            Step::Search => "search",
            Step::AddToCart => "add_to_cart",
            Step::Checkout => "initiate_checkout",
            Step::Pay => "add_payment_info",
            Step::Purchase => "purchase",
            Step::Subscribe => "subscribe",
            Step::Register => "complete_registration",
            Step::Contact => "contact",
        }
    }
}

/// A person on the shop.
pub(super) struct Shopper {
    pub(super) person: Person,
    pub(super) consent: Consent,
    last: Option<Step>,
    steps: u32,
    looking_at: usize,
    cart: Vec<(usize, u64)>,
}

impl Shopper {
    pub(super) fn new(person: Person, consent: Consent) -> Shopper {
        Shopper {
            person,
            consent,
            last: None,
            steps: 0,
            looking_at: 0,
            cart: Vec::new(),
        }
    }

    /// The first thing they do.
    pub(super) fn land(&mut self) -> Step {
        self.take(Step::Land)
    }

    /// What they do next; none when they leave.
    pub(super) fn next_step(&mut self, random: &mut Random) -> Option<Step> {
        let step = if self.steps < MAX_STEPS {
            self.choose(random)
        } else {
            None
        };
        step.map(|step| self.take(step))
    }

    fn take(&mut self, step: Step) -> Step {
        self.steps += 1;
        self.last = Some(step);
        step
    }

    fn choose(&self, random: &mut Random) -> Option<Step> {
        let draw = random.below(100);
        let Some(last) = self.last else {
            return Some(Step::Land);
        };
        match last {
            Step::Land | Step::Search => match draw {
                0..50 => Some(Step::Look),
                50..62 => Some(Step::Search),
                62..75 => Some(Step::Land),
                75..78 => Some(Step::Subscribe),
                78..80 => Some(Step::Contact),
                _ => None,
            },
            Step::Look => match draw {
                0..40 => Some(Step::Look),
                40..65 => Some(Step::AddToCart),
                65..78 => Some(Step::Land),
                _ => None,
            },
            Step::AddToCart => match draw {
                0..35 => Some(Step::Look),
                35..75 => Some(Step::Checkout),
                _ => None,
            },
            Step::Checkout => match draw {
                0..10 => Some(Step::Register),
                10..75 => Some(Step::Pay),
                _ => None,
            },
            Step::Register => (draw < 80).then_some(Step::Pay),
            Step::Pay => (draw < 85).then_some(Step::Purchase),
            Step::Purchase | Step::Contact => None,
            Step::Subscribe => (draw < 50).then_some(Step::Land),
        }
    }

    pub(super) fn page(&self, step: Step) -> Value {
        let product = &PRODUCTS[self.looking_at];
        let (url, title) = match step {
            Step::Look | Step::AddToCart => (
                format!("{SHOP}/p/{}?utm_source=boletin", product.id),
                product.name,
            ),
            Step::Search => (format!("{SHOP}/buscar"), "Buscar"),
            Step::Checkout | Step::Pay | Step::Register => (format!("{SHOP}/caja"), "Caja"),
            Step::Purchase => (format!("{SHOP}/gracias"), "¡Gracias!"),
            Step::Land | Step::Subscribe | Step::Contact => (format!("{SHOP}/"), "Tienda"),
        };
        json!({"url": url, "title": title, "referrer": format!("{SHOP}/")})
    }

    pub(super) fn data(&mut self, step: Step, random: &mut Random) -> Value {
        match step {
            Step::Look => {
                self.looking_at = random.below(PRODUCTS.len() as u64) as usize;
                self.goods(&[(self.looking_at, 1)])
            }
            Step::AddToCart => {
                let line = (self.looking_at, 1 + random.below(3));
                self.cart.push(line);
                self.goods(&[line])
            }
            Step::Checkout | Step::Pay => self.goods(&self.cart),
            Step::Purchase => {
                let mut data = self.goods(&self.cart);
                data["orderId"] = format!("P-{:010x}", random.bits() >> 24).into();
                if random.chance(0.1) {
                    data["coupon"] = "NAVIDAD".into();
                }
                data
            }
            Step::Search => json!({"search": *random.pick(&SEARCHES)}),
            Step::Land | Step::Subscribe | Step::Register | Step::Contact => {
                Value::Object(Map::new())
            }
        }
    }

    /// Lines of a cart with their sum.
    fn goods(&self, lines: &[(usize, u64)]) -> Value {
        let sum: u64 = lines
            .iter()
            .map(|(index, quantity)| PRODUCTS[*index].cents * quantity)
            .sum();
        let items: Vec<Value> = lines
            .iter()
            .map(|(index, quantity)| item(*index, *quantity))
            .collect();
        json!({"value": money(sum), "currency": self.person.country.currency, "items": items})
    }
}

fn item(index: usize, quantity: u64) -> Value {
    let product = &PRODUCTS[index];
    json!({
        "id": product.id,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "quantity": quantity,
        "price": money(product.cents),
    })
}

fn money(cents: u64) -> f64 {
    cents as f64 / 100.0
}
