// A person's Element: one new device of an account, listening from the log-in until the process
// ends, with its keys in memory. Each public method is a deed that can be asked for by its name.

import { Attachment, EncryptedAttachment } from "@matrix-org/matrix-sdk-crypto-wasm";
import {
    ClientEvent,
    Filter,
    MatrixEventEvent,
    RoomEvent,
    RoomMemberEvent,
    SyncState,
    createClient,
} from "matrix-js-sdk";
import {
    AllDevicesIsolationMode,
    CryptoEvent,
    OnlySignedDevicesIsolationMode,
} from "matrix-js-sdk/lib/crypto-api/index.js";
import { backedUp, restore, storageKey, takeOver } from "./recovery.mjs";
import { isShown, shown } from "./shown.mjs";
import { until } from "./until.mjs";

const MEGOLM = { algorithm: "m.megolm.v1.aes-sha2" };
const LATEST = 200; // events of a room between two answers of the homeserver

export class Person {
    deeds = new Set(Object.getOwnPropertyNames(Person.prototype).filter((name) => name !== "constructor"));
    #client;
    #crypto;
    #password;
    #storageKey = null;
    #tell;

    constructor(tell) {
        this.#tell = tell;
    }

    async login({ base_url, user, password, cross_sign, strict, auto_join }) {
        this.#password = password;
        const door = await createClient({ baseUrl: base_url }).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
        });
        this.#client = createClient({
            baseUrl: base_url,
            userId: door.user_id,
            deviceId: door.device_id,
            accessToken: door.access_token,
            cryptoCallbacks: {
                getSecretStorageKey: async ({ keys }) => this.#storageKey && [Object.keys(keys)[0], this.#storageKey],
            },
        });
        await this.#client.initRustCrypto({ useIndexedDB: false });
        this.#crypto = this.#client.getCrypto();
        this.#crypto.setDeviceIsolationMode(
            strict ? new OnlySignedDevicesIsolationMode() : new AllDevicesIsolationMode(false),
        );
        await this.#listen(auto_join);
        if (cross_sign) {
            await this.replace_identity();
        }
        return { user_id: door.user_id, device_id: door.device_id, version: this.#crypto.getVersion() };
    }

    async logout() {
        await this.#client.logout(true);
    }

    /** Make new cross-signing keys, whether or not there are any, and sign this device with them. */
    async replace_identity() {
        await this.#crypto.bootstrapCrossSigning({
            setupNewCrossSigning: true,
            authUploadDeviceSigningKeys: (upload) => this.#withPassword(upload),
        });
    }

    /** Make secret storage and key backup; return the recovery key. */
    async create_recovery() {
        const key = await this.#crypto.createRecoveryKeyFromPassphrase();
        this.#storageKey = key.privateKey;
        await this.#crypto.bootstrapSecretStorage({
            createSecretStorageKey: async () => key,
            setupNewSecretStorage: true,
            setupNewKeyBackup: true,
        });
        return key.encodedPrivateKey;
    }

    /** Sign this device, and restore the backup, with what a recovery key opens. */
    async open_recovery({ recovery_key }) {
        this.#storageKey = await storageKey(this.#client, recovery_key);
        return { ...(await takeOver(this.#client)), backup: await restore(this.#client) };
    }

    async wait_for_backup({ count }) {
        await backedUp(this.#client, count);
    }

    async create_room({ name, invite, encrypted, is_direct, power_levels, rotate_after }) {
        const rotation = rotate_after ? { rotation_period_msgs: rotate_after } : {};
        const state = { type: "m.room.encryption", state_key: "", content: { ...MEGOLM, ...rotation } };
        const { room_id } = await this.#client.createRoom({
            preset: "private_chat",
            name: name ?? undefined,
            invite,
            is_direct,
            initial_state: encrypted ? [state] : [],
            power_level_content_override: power_levels ?? undefined,
        });
        await this.#inside(room_id);
        return room_id;
    }

    async join({ room }) {
        const { roomId } = await this.#client.joinRoom(room);
        await this.#inside(roomId);
    }

    async leave({ room }) {
        await this.#client.leave(room);
    }

    async invite({ room, user_id }) {
        await this.#client.invite(room, user_id);
    }

    async set_power_levels({ room, power_levels }) {
        const now = await this.#client.getStateEvent(room, "m.room.power_levels", "");
        await this.#client.sendStateEvent(room, "m.room.power_levels", { ...now, ...power_levels }, "");
    }

    async send({ room, content }) {
        return (await this.#client.sendMessage(room, content)).event_id;
    }

    async react({ room, event_id, key }) {
        const relation = { rel_type: "m.annotation", event_id, key };
        return (await this.#client.sendEvent(room, "m.reaction", { "m.relates_to": relation })).event_id;
    }

    async redact({ room, event_id }) {
        return (await this.#client.redactEvent(room, event_id)).event_id;
    }

    async send_file({ room, name, data, content_type }) {
        const plain = Buffer.from(data, "base64");
        const secret = Attachment.encrypt(plain);
        const about = JSON.parse(secret.mediaEncryptionInfo);
        const type = "application/octet-stream";
        const { content_uri } = await this.#client.uploadContent(new Blob([secret.encryptedData]), { type });
        return this.send({
            room,
            content: {
                msgtype: content_type.startsWith("image/") ? "m.image" : "m.file",
                body: name,
                filename: name,
                file: { ...about, url: content_uri },
                info: { mimetype: content_type, size: plain.length },
            },
        });
    }

    async download({ room, event_id }) {
        const content = this.#find(room, event_id).getContent();
        const { url, ...about } = content.file ?? { url: content.url };
        const address = this.#client.mxcUrlToHttp(url, undefined, undefined, undefined, false, true, true);
        const headers = { Authorization: `Bearer ${this.#client.getAccessToken()}` };
        const answer = await fetch(address, { headers });
        if (!answer.ok) {
            throw new Error(`${answer.status} for ${url}`);
        }
        const stored = new Uint8Array(await answer.arrayBuffer());
        const plain = content.file
            ? Attachment.decrypt(new EncryptedAttachment(stored, JSON.stringify(about)))
            : stored;
        return Buffer.from(plain).toString("base64");
    }

    /** Describe an event as it is now: a shield may have changed without a word. */
    async look({ room, event_id }) {
        return shown(this.#find(room, event_id), this.#crypto);
    }

    async devices({ user_id }) {
        const devices = (await this.#crypto.getUserDeviceInfo([user_id], true)).get(user_id);
        const statuses = [...(devices?.keys() ?? [])].map(async (device_id) => {
            const status = await this.#crypto.getDeviceVerificationStatus(user_id, device_id);
            return {
                device_id,
                name: devices.get(device_id).displayName ?? null,
                signed_by_owner: status.signedByOwner,
                verified: status.crossSigningVerified,
            };
        });
        return Promise.all(statuses);
    }

    async identity({ user_id }) {
        const exists = await this.#crypto.userHasCrossSigningKeys(user_id, true);
        const status = await this.#crypto.getUserVerificationStatus(user_id);
        return { exists, known: status.known, needs_approval: status.needsUserApproval };
    }

    async approve({ user_id }) {
        await this.#crypto.pinCurrentUserIdentity(user_id);
    }

    async new_session({ room }) {
        await this.#crypto.forceDiscardSession(room);
    }

    async #listen(autoJoin) {
        const client = this.#client;
        const show = async (event) => isShown(event) && this.#tell("shown", await shown(event, this.#crypto));
        client.on(RoomEvent.Timeline, show);
        client.on(RoomEvent.LocalEchoUpdated, show);
        client.on(MatrixEventEvent.Decrypted, show);
        client.on(MatrixEventEvent.Replaced, show);
        client.on(RoomEvent.Redaction, (event, room) => {
            const target = room.findEventById(event.getAssociatedId());
            return target && show(target);
        });
        client.on(RoomMemberEvent.Membership, (event, { roomId, userId, membership }) => {
            const [sender, is_direct] = [event.getSender(), event.getContent().is_direct === true];
            this.#tell("member", { room: roomId, user_id: userId, membership, sender, is_direct });
            if (autoJoin && userId === client.getUserId() && membership === "invite") {
                return client.joinRoom(roomId);
            }
        });
        client.on(CryptoEvent.UserTrustStatusChanged, (user_id, status) => {
            this.#tell("trust", { user_id, needs_approval: status.needsUserApproval });
        });
        const started = new Promise((resolve) => {
            client.on(ClientEvent.Sync, (state) => state === SyncState.Prepared && resolve());
        });
        const filter = new Filter(client.getUserId());
        filter.setTimelineLimit(LATEST);
        await client.startClient({ filter, initialSyncLimit: LATEST, disablePresence: true });
        await started;
    }

    async #withPassword(upload) {
        try {
            await upload(null);
        } catch (error) {
            if (error.httpStatus !== 401) {
                throw error;
            }
            const identifier = { type: "m.id.user", user: this.#client.getUserId() };
            const session = error.data.session;
            await upload({ type: "m.login.password", identifier, password: this.#password, session });
        }
    }

    /** Wait until the sync has told of a room that we are in; only then its encryption is known. */
    async #inside(roomId) {
        await until(() => {
            const room = this.#client.getRoom(roomId);
            return room?.getMyMembership() === "join" && room.currentState.getStateEvents("m.room.create", "");
        });
    }

    #find(room, eventId) {
        const event = this.#client.getRoom(room)?.findEventById(eventId);
        if (!event) {
            throw new Error(`no event ${eventId} in ${room}`);
        }
        return event;
    }
}
