// What a person sees of an event: its text, who is behind it, and the client's doubts about it.

import { EventShieldColour, EventShieldReason } from "matrix-js-sdk/lib/crypto-api/index.js";

const KINDS = new Set(["m.room.message", "m.room.encrypted", "m.reaction", "m.room.redaction"]);

/** Tell whether an event is something that people see, and has got its id from the homeserver. */
export function isShown(event) {
    return !event.isState() && event.status === null && KINDS.has(event.getWireType());
}

/** Describe an event as it is now; wait for a decryption that is under way. */
export async function shown(event, crypto) {
    await event.getDecryptionPromise();
    const content = event.getContent();
    const relation = event.getRelation() ?? {};
    const replaces = relation.rel_type === "m.replace" ? relation.event_id : null;
    const text = (replaces && content["m.new_content"]) || content;
    const info = event.isEncrypted() ? await crypto.getEncryptionInfoForEvent(event) : null;
    return {
        room: event.getRoomId(),
        event_id: event.getId(),
        sender: event.getSender(),
        kind: event.getType(),
        body: textOf(event.isDecryptionFailure() ? {} : text, relation),
        html: text.formatted_body ?? null,
        msgtype: text.msgtype ?? null,
        replaces,
        replaced_by: event.replacingEventId() ?? null,
        reply_to: event.replyEventId ?? null,
        thread: relation.rel_type === "m.thread" ? relation.event_id : null,
        target: relation.rel_type === "m.annotation" ? relation.event_id : (event.getAssociatedId() ?? null),
        redacted: event.isRedacted(),
        encrypted: event.isEncrypted(),
        session: event.getWireContent().session_id ?? null,
        failure: event.isDecryptionFailure() ? event.decryptionFailureReason : null,
        shield: info && EventShieldColour[info.shieldColour].toLowerCase(),
        shield_reason: info?.shieldReason == null ? null : EventShieldReason[info.shieldReason],
    };
}

function textOf(content, relation) {
    const text = relation.rel_type === "m.annotation" ? relation.key : content.body;
    return typeof text === "string" ? text : "";
}
