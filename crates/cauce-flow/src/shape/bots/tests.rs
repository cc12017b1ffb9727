use super::*;

#[test]
fn words_are_in_order_and_in_lower_case() {
    assert!(WORDS.is_sorted_by_key(|(word, _)| *word));
    for (word, sign) in WORDS {
        assert!(
            word.len() > 1 && word.to_ascii_lowercase() == word,
            "{word}"
        );
        assert!(super::sign(word).is_some(), "{word} {sign:?}");
    }
}

#[test]
fn bots_are_told_from_browsers() {
    for (found, user_agent) in [
        (
            Some(Sign::Crawler),
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ),
        (
            Some(Sign::Crawler),
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        ),
        (
            Some(Sign::Crawler),
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36 Chrome-Lighthouse",
        ),
        (
            Some(Sign::Crawler),
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        ),
        (
            Some(Sign::Crawler),
            "MOZILLA/5.0 (COMPATIBLE; YANDEXBOT/3.0)",
        ),
        (Some(Sign::Crawler), "WhatsApp/2.23.20.0"),
        (
            Some(Sign::Headless),
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36",
        ),
        (
            Some(Sign::Headless),
            "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) PhantomJS/1.9.8 Safari/534.34",
        ),
        (Some(Sign::Program), "curl/8.5.0"),
        (Some(Sign::Program), "python-requests/2.31.0"),
        (Some(Sign::Program), "okhttp/4.12.0"),
        (None, ""),
        (
            None,
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
        ),
        (
            None,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        ),
        (
            None,
            "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
        ),
        (
            None,
            "Mozilla/5.0 (Linux; Android 14; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36",
        ),
        (
            None,
            "Mozilla/5.0 (Linux; Android 8.1.0; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.136 Mobile Safari/537.36",
        ),
        (
            None,
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 334.0.4.32.98 (iPhone14,5; iOS 17_5; es_AR)",
        ),
        (
            None,
            "Mozilla/5.0 (Linux; Android 13; SM-A536B; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/119.0.6045.66 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/439.0.0.44.117;]",
        ),
    ] {
        assert_eq!(sign(user_agent), found, "{user_agent}");
    }
}

#[test]
fn what_is_far_behind_or_cut_off_is_not_looked_at() {
    let late = format!("{}Googlebot", " ".repeat(MAX_BYTES - 8));
    assert_eq!(sign(&late), None);
    assert_eq!(sign("headles"), None);
    assert_eq!(sign("ñandú bo"), None);
}
