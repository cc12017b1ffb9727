use super::*;

#[test]
fn a_late_start_follows_the_policy_and_one_in_time_does_not() {
    let at = Timestamp::from_millis(1_000_000);
    let early = Timestamp::from_millis(999_999);
    for policy in [Policy::Send, Policy::Skip, Policy::Ask] {
        assert_eq!(policy.decide(at, early), Due::At(at));
        assert_eq!(policy.decide(at, at), Due::Start);
        assert_eq!(policy.decide(at, at + GRACE), Due::Start);
        assert_eq!(policy.as_str().parse::<Policy>().unwrap(), policy);
    }
    let late = at + GRACE + Duration::from_millis(1);
    assert_eq!(Policy::Send.decide(at, late), Due::Start);
    assert_eq!(Policy::Skip.decide(at, late), Due::Missed);
    assert_eq!(Policy::Ask.decide(at, late), Due::Ask);
    assert!("later".parse::<Policy>().is_err());
}
