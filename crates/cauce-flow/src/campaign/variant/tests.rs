use proptest::prelude::*;

use super::*;

#[test]
fn people_spread_over_the_variants_by_weight() {
    let weights = Weights::new(&[70, 0, 30]).unwrap();
    let mut counts = [0u32; 3];
    for person in 0..20_000 {
        counts[weights.choose("campaign_a", &format!("contact_{person}"))] += 1;
    }
    assert_eq!(counts[1], 0, "a weight of 0 is never chosen");
    // Three standard deviations of 20,000 draws at 0.7 are about 195.
    assert!((13_800..=14_200).contains(&counts[0]), "{counts:?}");
}

#[test]
fn another_campaign_parts_people_in_another_way() {
    let weights = Weights::new(&[1, 1]).unwrap();
    let of = |campaign: &str| -> Vec<usize> {
        let person = |n: usize| weights.choose(campaign, &n.to_string());
        (0..64).map(person).collect()
    };
    assert_ne!(of("campaign_a"), of("campaign_b"));
    assert_eq!(of("campaign_a"), of("campaign_a"));
}

#[test]
fn weights_that_choose_nothing_are_refused() {
    assert_eq!(Weights::new(&[]), Err(Fault::Count { found: 0 }));
    assert_eq!(Weights::new(&[1; 21]), Err(Fault::Count { found: 21 }));
    assert_eq!(Weights::new(&[0, 0]), Err(Fault::AllZero));
    let index = 1;
    let found = 1_000_001;
    assert_eq!(
        Weights::new(&[1, found]),
        Err(Fault::Weight { index, found })
    );
}

proptest! {
    #[test]
    fn a_variant_that_is_chosen_has_a_weight(
        weights in prop::collection::vec(0u64..=5, 1..=MAX_VARIANTS),
        person in ".{0,20}",
    ) {
        if let Ok(known) = Weights::new(&weights) {
            prop_assert!(weights[known.choose("c", &person)] > 0);
        }
    }
}
