import type { Browser, Page } from 'playwright-core';

export const chromiumPath: string | undefined;
export const chromiumMissing: string;
export function launchChromium(): Promise<Browser>;
export function noteFaults(page: Page, url: string, faults: string[]): void;
export function pageSizes(): { html: string; firstScripts: number; firstStyles: number; allScripts: number };
