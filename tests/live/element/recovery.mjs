// What a recovery key gives a new device of an account: its identity, and its backed-up room keys.

import { decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/index.js";
import { RustBackupManager, requestKeyBackupVersion } from "matrix-js-sdk/lib/rust-crypto/backup.js";
import { until } from "./until.mjs";

const SECRETS = ["m.cross_signing.master", "m.cross_signing.self_signing", "m.cross_signing.user_signing"];
const BACKUP = "m.megolm_backup.v1";
const SIGNED_MS = 5_000;
const BACKED_UP_MS = 10_000;

// By default a client waits up to ten seconds, to spare a homeserver with many clients.
RustBackupManager.maxBackupLoopStartDelayMillis = 0;

/** Read the recovery key, and check that the account's secret storage opens with it. */
export async function storageKey({ secretStorage }, recoveryKey) {
    const key = decodeRecoveryKey(recoveryKey);
    const [, about] = (await secretStorage.getKey()) ?? [];
    if (!about) {
        throw new Error("the account has no secret storage");
    }
    if (!(await secretStorage.checkKey(key, about))) {
        throw new Error("the recovery key does not fit the secret storage");
    }
    for (const name of SECRETS) {
        // Without them taking over would make a new identity instead.
        if (!(await secretStorage.isStored(name))) {
            throw new Error(`the secret storage lacks ${name}`);
        }
    }
    return key;
}

/** Sign this device with the identity in secret storage. */
export async function takeOver(client) {
    const crypto = client.getCrypto();
    await crypto.userHasCrossSigningKeys();
    await crypto.bootstrapCrossSigning({});
    // Our own signature counts when the homeserver has told us of it.
    const signed = async () => {
        const status = await crypto.getDeviceVerificationStatus(client.getUserId(), client.getDeviceId());
        return status.signedByOwner && status.crossSigningVerified;
    };
    return { cross_signed: await until(signed, SIGNED_MS), ready: await crypto.isCrossSigningReady() };
}

/** Wait until the homeserver has so many room keys in the backup. */
export async function backedUp(client, count) {
    // Asked anew: the client remembers what the backup was like when it last looked.
    const enough = async () => (await requestKeyBackupVersion(client.http))?.count >= count;
    if (!(await until(enough, BACKED_UP_MS))) {
        throw new Error(`there are no ${count} room keys in the backup`);
    }
}

/** Restore the key backup, and use it from now on; null when secret storage has no key to one. */
export async function restore(client) {
    if (!(await client.secretStorage.isStored(BACKUP))) {
        return null;
    }
    const crypto = client.getCrypto();
    await crypto.loadSessionBackupPrivateKeyFromSecretStorage();
    const { backupInfo, trustInfo } = await crypto.checkKeyBackupAndEnable();
    const { total, imported } = await crypto.restoreKeyBackup();
    return {
        version: backupInfo.version,
        trusted: trustInfo.trusted && trustInfo.matchesDecryptionKey,
        enabled: (await crypto.getActiveSessionBackupVersion()) === backupInfo.version,
        total,
        imported,
    };
}
