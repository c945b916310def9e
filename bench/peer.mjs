import { fileURLToPath } from 'node:url';

export const PEER_PROGRAM = fileURLToPath(new URL('peers/torch_training.py', import.meta.url));

/**
 * GNU's malloc gives large blocks back to the system at once and asks for them anew at the next step, cleared page by page. With these
 * thresholds it keeps them.
 */
export const KEEPS_MEMORY = 'glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184';

export const HUGE_PAGES = 'glibc.malloc.hugetlb=1';

/** Of the settings tried (docs/performance.md), those that made PyTorch fastest; elsewhere than on glibc they do nothing. */
export const PEER_ENVIRONMENT = { GLIBC_TUNABLES: KEEPS_MEMORY };
