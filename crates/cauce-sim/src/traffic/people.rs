//! Who comes to the shop, and with what browser. Names and addresses are invented; mail goes to
//! `.example`, and addresses are those set aside for documentation (RFC 2606, RFC 5737, RFC 3849).

use serde_json::{Value, json};

use crate::Random;

const FIRST_NAMES: [(&str, &str); 16] = [
    ("Ana", "f"),
    ("José", "m"),
    ("María Fernanda", "f"),
    ("Luis", "m"),
    ("Lucía", "f"),
    ("Íñigo", "m"),
    ("Camila", "f"),
    ("Joaquín", "m"),
    ("Valentina", "f"),
    ("Diego", "m"),
    ("Sofía", "f"),
    ("Andrés", "m"),
    ("Nuria", "f"),
    ("Zoë", "f"),
    ("Björn", "m"),
    ("João", "m"),
];
const LAST_NAMES: [&str; 16] = [
    "García",
    "Muñoz",
    "Rodríguez",
    "Peña",
    "Fernández",
    "Ibáñez",
    "Quispe",
    "Güell",
    "Álvarez",
    "O'Brien",
    "Torres",
    "Castaño",
    "Núñez",
    "Silva",
    "Vega",
    "de la Cruz",
];

/// A country with its currency and how its numbers are written.
pub(super) struct Country {
    name: &'static str,
    pub(super) currency: &'static str,
    prefix: &'static str,
    mobile: &'static str,
    digits: u32,
    cities: [(&'static str, &'static str, &'static str); 3],
}

const COUNTRIES: [Country; 5] = [
    Country {
        name: "ES",
        currency: "EUR",
        prefix: "+34",
        mobile: "6",
        digits: 8,
        cities: [
            ("A Coruña", "Galicia", "15001"),
            ("Madrid", "Madrid", "28013"),
            ("Cádiz", "Andalucía", "11005"),
        ],
    },
    Country {
        name: "PE",
        currency: "PEN",
        prefix: "+51",
        mobile: "9",
        digits: 8,
        cities: [
            ("Lima", "Lima", "15001"),
            ("Arequipa", "Arequipa", "04001"),
            ("Cusco", "Cusco", "08002"),
        ],
    },
    Country {
        name: "MX",
        currency: "MXN",
        prefix: "+52",
        mobile: "55",
        digits: 8,
        cities: [
            ("Ciudad de México", "CDMX", "06000"),
            ("Mérida", "Yucatán", "97000"),
            ("León", "Guanajuato", "37000"),
        ],
    },
    Country {
        name: "CO",
        currency: "COP",
        prefix: "+57",
        mobile: "3",
        digits: 9,
        cities: [
            ("Bogotá", "Cundinamarca", "110111"),
            ("Medellín", "Antioquia", "050001"),
            ("Cali", "Valle", "760001"),
        ],
    },
    Country {
        name: "US",
        currency: "USD",
        prefix: "+1",
        mobile: "415",
        digits: 7,
        cities: [
            ("San Francisco", "California", "94103"),
            ("Miami", "FL", "33101-1234"),
            ("New York", "NY", "10001"),
        ],
    },
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
];

/// A person and the browser in front of them.
pub(super) struct Person {
    pub(super) country: &'static Country,
    /// The `user` of their events; null for a stranger.
    pub(super) user: Value,
    /// The `client` of their events.
    pub(super) client: Value,
}

impl Person {
    /// The so-many-th person. A third are strangers, and of the others not all tell everything.
    pub(super) fn draw(random: &mut Random, number: u64, now_ms: i64) -> Person {
        let country = random.pick(&COUNTRIES);
        let user = match random.chance(0.33) {
            true => Value::Null,
            false => user(random, number, country),
        };
        Person {
            country,
            user,
            client: client(random, now_ms),
        }
    }
}

fn user(random: &mut Random, number: u64, country: &Country) -> Value {
    let (first, gender) = *random.pick(&FIRST_NAMES);
    let last = *random.pick(&LAST_NAMES);
    let mut user = json!({
        "email": email(random, number),
        "externalId": format!("C-{number}"),
    });
    if random.chance(0.7) {
        user["firstName"] = first.into();
        user["lastName"] = last.into();
    }
    if random.chance(0.6) {
        user["phone"] = phone(random, country).into();
    }
    if random.chance(0.5) {
        let (city, state, zip) = *random.pick(&country.cities);
        user["city"] = city.into();
        user["state"] = state.into();
        user["zip"] = zip.into();
        user["country"] = country.name.into();
    }
    if random.chance(0.2) {
        user["gender"] = gender.into();
        let (year, month, day) = (
            1950 + random.below(55),
            1 + random.below(12),
            1 + random.below(28),
        );
        user["birthDate"] = format!("{year}-{month:02}-{day:02}").into();
    }
    user
}

/// As people type it: now and then with capitals or a space in front.
fn email(random: &mut Random, number: u64) -> String {
    match random.below(8) {
        0 => format!(" Cliente.{number}@Correo.example"),
        1 => format!("cliente.{number}@gmail.example"),
        _ => format!("cliente{number}@correo.example"),
    }
}

/// In full with its prefix, or as at home with spaces, which needs a country beside it.
fn phone(random: &mut Random, country: &Country) -> String {
    let rest = random.below(10_u64.pow(country.digits));
    let digits = format!(
        "{}{rest:0width$}",
        country.mobile,
        width = country.digits as usize
    );
    match random.chance(0.7) {
        true => format!("{} {digits}", country.prefix),
        false => format!("{} {}", &digits[..3], &digits[3..]),
    }
}

fn client(random: &mut Random, now_ms: i64) -> Value {
    let session = now_ms / 1000;
    let mut client = json!({
        "ip": address(random),
        "userAgent": *random.pick(&AGENTS),
        "gaClientId": format!("GA1.1.{}.{session}", random.below(1 << 31)),
        "gaSessionId": session.to_string(),
    });
    if random.chance(0.8) {
        client["fbp"] = format!("fb.1.{now_ms}.{}", random.below(1 << 31)).into();
    }
    let click = random.bits();
    match random.below(10) {
        0 | 1 => client["fbclid"] = format!("IwAR{click:016X}x").into(),
        2 => client["gclid"] = format!("Cj0K{click:016x}").into(),
        3 => client["ttclid"] = format!("E.C.P.{click:016x}").into(),
        4 => client["liFatId"] = uuid::Uuid::from_u64_pair(click, !click).to_string().into(),
        _ => {}
    }
    if random.chance(0.3) {
        client["ttp"] = format!("{:022x}", random.bits()).into();
    }
    client
}

fn address(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!(
            "2001:db8::{:x}:{:x}",
            random.below(0xffff),
            random.below(0xffff)
        ),
        1 | 2 => format!("198.51.100.{}", random.below(256)),
        _ => format!("203.0.113.{}", random.below(256)),
    }
}
