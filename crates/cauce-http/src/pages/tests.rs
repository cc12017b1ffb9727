use axum::http::Request;

use super::*;

async fn ask(method: Method, path: &str, accept: &str) -> Option<Response> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT, accept);
    let (asked, ()) = request.body(()).unwrap().into_parts();
    answer(&Router::new(), &asked).await
}

const BROWSER: &str = "text/html,application/xhtml+xml,*/*;q=0.8";

#[tokio::test]
async fn browsers_get_the_page_at_every_address_that_is_not_of_the_api() {
    for path in ["/", "/queues/meta", "/settings", "/docs", "/docs/getJob"] {
        let page = ask(Method::GET, path, BROWSER).await.expect(path);
        assert_eq!(page.headers()[header::CONTENT_TYPE], HTML, "{path}");
        assert_eq!(
            page.headers()[header::CONTENT_SECURITY_POLICY],
            POLICY,
            "{path}"
        );
        let built = assets::dashboard(INDEX).is_some();
        assert_eq!(page.status(), if built { 200 } else { 404 }, "{path}");
    }
}

#[tokio::test]
async fn reference_of_the_api_is_at_docs_and_below_it_alone() {
    for (path, page) in [
        ("/docs", REFERENCE),
        ("/docs/", REFERENCE),
        ("/docs/schemas/Job", REFERENCE),
        ("/docs.html", REFERENCE),
        ("/docsy", INDEX),
        ("/queues/docs", INDEX),
        ("/", INDEX),
    ] {
        assert_eq!(page_at(path), page, "{path}");
    }
    // Whoever asks for it by its name gets it, whatever they take.
    assert!(ask(Method::GET, "/docs", "*/*").await.is_some());
}

#[tokio::test]
async fn programs_get_a_problem_and_not_the_page() {
    for (method, path, accept) in [
        (Method::GET, "/nowhere", "*/*"),
        (Method::GET, "/assets/none.js", "*/*"),
        (Method::GET, "/docs/getJob", "application/json"),
        (Method::GET, "/api/nowhere", BROWSER),
        (Method::GET, "/tracking-v2/nowhere", BROWSER),
        (Method::POST, "/queues", BROWSER),
    ] {
        assert!(ask(method, path, accept).await.is_none(), "{path}");
    }
}

#[tokio::test]
async fn files_of_the_build_are_kept_for_good_and_the_page_is_not() {
    for path in assets::dashboard_paths() {
        let file = ask(Method::GET, path, "*/*").await;
        let Some(file) = file else {
            assert!([INDEX, REFERENCE].contains(&path), "{path}");
            continue;
        };
        let for_good = ![INDEX, REFERENCE].contains(&path);
        assert_eq!(
            file.headers()[header::CACHE_CONTROL] == FOR_GOOD,
            for_good,
            "{path}"
        );
        assert_ne!(
            file.headers()[header::CONTENT_TYPE],
            "application/octet-stream",
            "{path}"
        );
    }
}

#[test]
fn page_that_stands_in_for_the_dashboard_says_how_to_build_it() {
    let page = not_built();
    assert_eq!(page.status(), 404);
    assert!(include_str!("not_built.html").contains("cargo xtask web"));
}
