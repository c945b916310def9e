import { monotonicFactory } from 'ulid';

export type IdPrefix = 'ds' | 'run' | 'mdl' | 'evl' | 'msg' | 'swp';

/** Format of an id: a prefix for the kind, and a ULID. */
export const ID_PATTERN = /^(ds|run|mdl|evl|msg|swp)_[0-9A-HJKMNP-TV-Z]{26}$/;

/**
 * The maximum length of an id or alias in a request. Real ones are far shorter. A longer text is neither
 * looked up nor repeated in an answer.
 */
export const LONGEST_ID = 200;

/** Makes a new id. Later ids sort after earlier ones, even within a millisecond. Paging relies on this. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${nextUlid()}`;
}

const nextUlid = monotonicFactory();
