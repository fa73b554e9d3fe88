//! Which ends of service a customer may be asked about, as far as the case itself tells.
//!
//! What other invitations the customer had is the matter of `quiet`.

use kefu_contracts::{Category, Channel, CloseReason, Subtype};
use kefu_policy::Policy;

use super::party::language;
use super::resolution::{Addressee, Candidate, Resolution, Suppression, survey_id};

/// The survey about `resolution`; `policy` is the one in force when service ended.
pub fn candidate(tenant: &str, case_id: &str, channel: Channel, resolution: &Resolution, policy: &Policy) -> Candidate {
    let window_ms = policy.survey.channel_window_ms(channel);
    let last_message_at = resolution.last_message_at;
    let expires_at = resolution.at.plus_ms(policy.survey.expires_ms);
    let party = resolution.party.as_ref();
    Candidate {
        survey_id: survey_id(tenant, case_id, resolution.no),
        case_id: case_id.to_owned(),
        resolution_no: resolution.no,
        at: resolution.at,
        ruled_out: ruled_out(resolution, window_ms),
        reopened_at: resolution.reopened_at.filter(|reopened| *reopened <= expires_at),
        channel,
        language: language(resolution.language, party.and_then(|party| party.locale.as_deref())),
        window_until: window_ms.zip(last_message_at).map(|(window_ms, at)| at.plus_ms(window_ms)),
        addressee: party
            .map(|party| Addressee { customer_id: party.customer_id.clone(), address: party.address.clone() }),
        team: resolution.team.clone(),
    }
}

/// Why the case rules a survey out. The last instant of a channel's window still counts as inside.
fn ruled_out(resolution: &Resolution, window_ms: Option<i64>) -> Option<Suppression> {
    let in_window =
        |window_ms: i64| resolution.last_message_at.is_some_and(|message| resolution.at.ms_since(message) <= window_ms);
    if resolution.reason == Some(CloseReason::Spam) || resolution.subtype == Some(Subtype::Spam) {
        Some(Suppression::Spam)
    } else if resolution.category == Some(Category::Other) {
        Some(Suppression::Other)
    } else if resolution.merged {
        Some(Suppression::Merged)
    } else if resolution.reason == Some(CloseReason::Duplicate) {
        Some(Suppression::Duplicate)
    } else if resolution.automatic && !resolution.replied {
        Some(Suppression::NoReply)
    } else if resolution.party.is_none() {
        Some(Suppression::NoCustomer)
    } else if window_ms.is_some_and(|window_ms| !in_window(window_ms)) {
        Some(Suppression::ChannelWindow)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use kefu_contracts::{Language, Timestamp};

    use super::super::party::Party;
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn resolution() -> Resolution {
        Resolution {
            no: 1,
            at: Timestamp::from_ms(100 * HOUR_MS),
            automatic: false,
            reason: None,
            replied: true,
            merged: false,
            category: Some(Category::Inquiry),
            subtype: None,
            language: Some(Language::ZhHant),
            last_message_at: Some(Timestamp::from_ms(99 * HOUR_MS)),
            party: Some(Party { customer_id: "u-1".into(), address: None, locale: None, vip: None }),
            assignee: None,
            team: None,
            reopened_at: None,
        }
    }

    fn reason_on(channel: Channel, change: impl FnOnce(&mut Resolution)) -> Option<Suppression> {
        let mut resolution = resolution();
        change(&mut resolution);
        candidate("demo", "c-1#1", channel, &resolution, &Policy::default_for("demo")).ruled_out
    }

    #[test]
    fn what_rules_a_survey_out() {
        use Suppression as S;
        let reason = |change: fn(&mut Resolution)| reason_on(Channel::Chat, change);
        assert_eq!(reason(|_| ()), None);
        assert_eq!(reason(|end| end.reason = Some(CloseReason::Spam)), Some(S::Spam));
        assert_eq!(reason(|end| end.subtype = Some(Subtype::Spam)), Some(S::Spam));
        assert_eq!(reason(|end| end.category = Some(Category::Other)), Some(S::Other));
        assert_eq!(reason(|end| end.category = None), None);
        assert_eq!(reason(|end| end.reason = Some(CloseReason::Duplicate)), Some(S::Duplicate));
        assert_eq!(reason(|end| end.reason = Some(CloseReason::Solved)), None);
        assert_eq!(reason(|end| end.merged = true), Some(S::Merged));
        assert_eq!(reason(|end| end.party = None), Some(S::NoCustomer));
    }

    #[test]
    fn only_an_automatic_end_needs_a_reply() {
        for (automatic, replied, wanted) in
            [(true, false, Some(Suppression::NoReply)), (true, true, None), (false, false, None), (false, true, None)]
        {
            let reason = reason_on(Channel::Chat, |end| (end.automatic, end.replied) = (automatic, replied));
            assert_eq!(reason, wanted, "automatic {automatic}, replied {replied}");
        }
    }

    #[test]
    fn a_channels_window_ends_with_its_last_millisecond() {
        let silent_for = |channel, ms: i64| reason_on(channel, |end| end.last_message_at = Some(end.at.plus_ms(-ms)));
        assert_eq!(silent_for(Channel::Social, 24 * HOUR_MS), None);
        assert_eq!(silent_for(Channel::Social, 24 * HOUR_MS + 1), Some(Suppression::ChannelWindow));
        assert_eq!(silent_for(Channel::Chat, 24 * HOUR_MS + 1), None);
        assert_eq!(reason_on(Channel::Social, |end| end.last_message_at = None), Some(Suppression::ChannelWindow));
    }

    #[test]
    fn a_reopening_after_the_survey_is_over_does_not_concern_it() {
        let expires_ms = Policy::default_for("demo").survey.expires_ms;
        for (after_ms, concerns) in [(0, true), (expires_ms, true), (expires_ms + 1, false)] {
            let mut end = resolution();
            end.reopened_at = Some(end.at.plus_ms(after_ms));
            let candidate = candidate("demo", "c-1#1", Channel::Chat, &end, &Policy::default_for("demo"));
            assert_eq!(candidate.reopened_at.is_some(), concerns, "{after_ms}");
        }
    }
}
