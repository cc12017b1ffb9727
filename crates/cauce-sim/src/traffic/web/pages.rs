//! The pages of a shop, and where visitors come from.

use crate::Random;

/// Products, each with a page of its own.
const PRODUCTS: u64 = 300;
const CATEGORIES: [&str; 8] = [
    "casa",
    "calzado",
    "comida",
    "ropa",
    "electronica",
    "jardin",
    "libros",
    "ofertas",
];
const REFERRERS: [&str; 5] = [
    "https://www.google.com/",
    "https://www.instagram.com/",
    "https://news.example/",
    "https://l.facebook.com/",
    "",
];

/// A page of the shop.
pub(super) struct Page {
    pub(super) path: String,
    pub(super) title: String,
    /// The product of it, if it is the page of one.
    pub(super) product: Option<u64>,
}

impl Page {
    pub(super) fn home() -> Page {
        Page {
            path: "/".to_owned(),
            title: "Tienda".to_owned(),
            product: None,
        }
    }

    /// The next page of somebody who looks around: few products are looked at by most.
    pub(super) fn draw(random: &mut Random) -> Page {
        if random.chance(0.25) {
            let category = *random.pick::<&str>(&CATEGORIES);
            return Page {
                path: format!("/c/{category}"),
                title: format!("Tienda: {category}"),
                product: None,
            };
        }
        let popular = random.unit() * random.unit();
        let product = (popular * PRODUCTS as f64) as u64;
        Page {
            path: format!("/p/{product}"),
            title: format!("Producto {product}"),
            product: Some(product),
        }
    }
}

/// Where a visit comes from.
pub(super) fn referrer(random: &mut Random) -> &'static str {
    random.pick::<&str>(&REFERRERS)
}
