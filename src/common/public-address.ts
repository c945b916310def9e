import ipaddr from 'ipaddr.js';

/** Returns the host of a URL in the form that the system uses: an IPv6 address has no brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

/** The IPv6 range that IANA has assigned. All other addresses are special or reserved. */
const globalUnicast = ipaddr.IPv6.parse('2000::');

/**
 * Whether an address belongs to the public Internet. Private, loopback, link-local, shared, documentation,
 * multicast and other special addresses do not. Nor do addresses that translate to IPv4. An IPv4-mapped IPv6
 * address counts as its IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast, 3);
}
