/** A count with its thousands apart: 12,345. The same in both languages. */
export const grouped = (count: number): string => count.toLocaleString('en-US');
