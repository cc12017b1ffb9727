use super::*;

#[test]
fn job_id_is_a_version_7_uuid_that_holds_its_number() {
    let id = JobId::new(
        123_456_789,
        0x0abc_def1,
        Timestamp::from_millis(1_760_000_000_000),
    );
    assert_eq!(id.number(), 123_456_789);
    assert_eq!((id.as_u128() >> 76) & 0xf, 7);
    assert_eq!((id.as_u128() >> 62) & 0b11, 0b10);
    assert_eq!((id.as_u128() >> 80) as i64, 1_760_000_000_000);
}

#[test]
fn job_id_text_comes_back_and_sorts_by_time() {
    let early = JobId::new(9, 7, Timestamp::from_millis(1_000));
    let late = JobId::new(3, 7, Timestamp::from_millis(2_000));
    assert_eq!(early.to_string().parse::<JobId>().unwrap(), early);
    assert!(early.to_string() < late.to_string());
}

#[test]
fn job_id_refuses_what_is_not_one() {
    for text in [
        "",
        "job_",
        "job_0",
        "evt_01jd8x3k2v7w9y4z6a5b3c2d1e",
        "job_z1jd8x3k2v7w9y4z6a5b3c2d1e",
    ] {
        assert!(text.parse::<JobId>().is_err(), "{text}");
    }
}

#[test]
fn names_are_checked() {
    assert!(TenantId::new("acme-1.eu").is_ok());
    assert_eq!(TenantId::new(""), Err(NameError::Empty { kind: "tenant" }));
    assert!(matches!(
        QueueName::new("a b"),
        Err(NameError::Character { found: ' ', .. })
    ));
    assert!(matches!(
        QueueName::new(&"a".repeat(65)),
        Err(NameError::TooLong { len: 65, .. })
    ));
}
