import { monotonicFactory } from 'ulid';

export type IdPrefix = 'ds' | 'run' | 'mdl' | 'evl' | 'msg' | 'swp';

/** What an identifier looks like: a prefix that tells the kind, and a ULID. */
export const ID_PATTERN = /^(ds|run|mdl|evl|msg|swp)_[0-9A-HJKMNP-TV-Z]{26}$/;

/** What a body may give for an id or an alias; both are far shorter. What is longer is not looked up, nor told again. */
export const LONGEST_ID = 200;

/** A new identifier. Later ones sort after earlier ones, within a millisecond too: lists page on it. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${nextUlid()}`;
}

const nextUlid = monotonicFactory();
