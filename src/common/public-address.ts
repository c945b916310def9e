import ipaddr from 'ipaddr.js';

/** The host of a URL as the system names it: an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** What IANA has given out of IPv6; all else is special or reserved. */
const globalUnicast = ipaddr.IPv6.parse('2000::');

/**
 * Whether an address belongs to the public Internet. Private, loopback, link-local, shared, documentation, multicast and other
 * special addresses do not; nor do those that lead to IPv4 by a translator. An IPv4-mapped IPv6 address is what it maps to.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast, 3);
}
