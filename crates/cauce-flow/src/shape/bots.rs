//! Which events were not made by a person, as far as a user agent says.
//!
//! A user agent is a text that its owner chooses: this finds bots that say so, and browsers that are
//! driven by a program and do not hide it. It is a short list of words rather than a crate: those
//! there are were last changed years ago, or take an empty user agent for a bot, or answer from a
//! cache that can be wrong. The words were chosen by what they find among the 2,116 user agents of
//! <https://github.com/monperrus/crawler-user-agents> (86 of 100; the others are mostly programs
//! that fetch a page and run no script) and by whom they do not mistake among the browsers of
//! <https://github.com/BryanMorgan/isbot> (1 of 7,900).

/// Most bytes of a user agent that are looked at.
const MAX_BYTES: usize = 1_024;

/// What gives a sender away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// It says that it visits pages on its own: a crawler, a preview, a monitor.
    Crawler,
    /// It is a browser that a program drives.
    Headless,
    /// It is a library for HTTP. A server that passes events on looks like this too, so that it only
    /// counts as a bot where browsers are expected.
    Program,
}

/// The words and what each is a sign of: in lower case and in order.
const WORDS: [(&str, Sign); 68] = [
    ("://", Sign::Crawler),
    ("aiohttp", Sign::Program),
    ("analyzer", Sign::Crawler),
    ("archive", Sign::Crawler),
    ("axios/", Sign::Program),
    ("bot", Sign::Crawler),
    ("casperjs", Sign::Headless),
    ("catchpoint", Sign::Crawler),
    ("chatgpt-user", Sign::Crawler),
    ("checker", Sign::Crawler),
    ("claude-", Sign::Crawler),
    ("crawl", Sign::Crawler),
    ("curl/", Sign::Program),
    ("cypress/", Sign::Headless),
    ("dareboost", Sign::Crawler),
    ("datadog", Sign::Crawler),
    ("dynatrace", Sign::Crawler),
    ("embedly", Sign::Crawler),
    ("externalagent", Sign::Crawler),
    ("externalfetcher", Sign::Crawler),
    ("externalhit", Sign::Crawler),
    ("favicon", Sign::Crawler),
    ("feed", Sign::Crawler),
    ("fetcher", Sign::Crawler),
    ("go-http", Sign::Program),
    ("google-", Sign::Crawler),
    ("googleother", Sign::Crawler),
    ("gtmetrix", Sign::Crawler),
    ("guzzle", Sign::Program),
    ("headless", Sign::Headless),
    ("htmlunit", Sign::Headless),
    ("httpclient", Sign::Program),
    ("indexer", Sign::Crawler),
    ("insomnia/", Sign::Program),
    ("java/", Sign::Program),
    ("jsdom", Sign::Headless),
    ("libwww-perl", Sign::Program),
    ("lighthouse", Sign::Crawler),
    ("mediapartners", Sign::Crawler),
    ("monitor", Sign::Crawler),
    ("node-fetch", Sign::Program),
    ("okhttp", Sign::Program),
    ("pagespeed", Sign::Crawler),
    ("perplexity", Sign::Crawler),
    ("phantomjs", Sign::Headless),
    ("pingdom", Sign::Crawler),
    ("playwright", Sign::Headless),
    ("postman", Sign::Program),
    ("preview", Sign::Crawler),
    ("ptst/", Sign::Crawler),
    ("puppeteer", Sign::Headless),
    ("python", Sign::Program),
    ("ruby", Sign::Program),
    ("scanner", Sign::Crawler),
    ("scrap", Sign::Crawler),
    ("selenium", Sign::Headless),
    ("slimerjs", Sign::Headless),
    ("slurp", Sign::Crawler),
    ("speed insights", Sign::Crawler),
    ("spider", Sign::Crawler),
    ("statuscake", Sign::Crawler),
    ("synthetic", Sign::Crawler),
    ("undici", Sign::Program),
    ("uptime", Sign::Crawler),
    ("validator", Sign::Crawler),
    ("webdriver", Sign::Headless),
    ("wget/", Sign::Program),
    ("whatsapp/", Sign::Crawler),
];

/// The words that begin with one byte.
#[derive(Clone, Copy)]
struct Beginning {
    from: u8,
    to: u8,
    /// Which bytes come second, by their low five bits: those of a letter are the same in upper and
    /// lower case.
    second: u32,
}

/// By the first byte, in lower case, so that most places of a text are passed over at once.
const BEGINNINGS: [Beginning; 256] = {
    let mut beginnings = [Beginning {
        from: 0,
        to: 0,
        second: 0,
    }; 256];
    let mut place = 0;
    while place < WORDS.len() {
        let word = WORDS[place].0.as_bytes();
        let beginning = &mut beginnings[word[0] as usize];
        if beginning.to == 0 {
            beginning.from = place as u8;
        }
        beginning.to = place as u8 + 1;
        beginning.second |= 1 << (word[1] & 31);
        place += 1;
    }
    beginnings
};

/// What in a user agent gives a bot away, by the first word that does. One that says nothing gives
/// nothing away.
pub fn sign(user_agent: &str) -> Option<Sign> {
    let text = &user_agent.as_bytes()[..user_agent.len().min(MAX_BYTES)];
    let pairs = text.windows(2).enumerate();
    pairs
        .filter_map(|(at, pair)| {
            let beginning = BEGINNINGS[usize::from(pair[0].to_ascii_lowercase())];
            (beginning.second >> (pair[1] & 31) & 1 == 1).then_some((at, beginning))
        })
        .find_map(|(at, beginning)| sign_at(text, at, beginning))
}

fn sign_at(text: &[u8], at: usize, beginning: Beginning) -> Option<Sign> {
    let words = &WORDS[usize::from(beginning.from)..usize::from(beginning.to)];
    let found = words.iter().find(|(word, _)| {
        let there = text.get(at..at + word.len());
        there.is_some_and(|there| there.eq_ignore_ascii_case(word.as_bytes()))
    });
    found
        .filter(|(word, _)| !is_phone(word, &text[..at]))
        .map(|(_, sign)| *sign)
}

/// Cubot makes phones.
fn is_phone(word: &str, before: &[u8]) -> bool {
    word == "bot"
        && before
            .last_chunk::<2>()
            .is_some_and(|two| two.eq_ignore_ascii_case(b"cu"))
}

#[cfg(test)]
mod tests;
