/** `POST /acquisitions`: asks for acquisition numbers (取得番号), which the agency's terminal takes to the registry. */
export interface AcquireIdentifierLine {
  readonly inAgencyNumber: string;
}
export interface Acquisition {
  readonly acquisitionNumber: string;
  readonly expiresAt: string;
}
/** `POST /identifiers/collections`: fetches what was issued for an acquisition number. The identifier itself stays in the server. */
export interface CollectIdentifierRequestLine {
  readonly acquisitionNumber: string;
  /** Whom it was asked for. */
  readonly inAgencyNumber: string;
}
export interface Collection {
  readonly acquisitionNumber: string;
  readonly status: 'obtained' | 'pending' | 'refused' | 'expired';
  readonly reason?: string;
}
