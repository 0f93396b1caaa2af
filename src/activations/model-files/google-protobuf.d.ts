/** The part of google-protobuf 3.21.4 that is used here; the package has no types. */
declare module 'google-protobuf' {
  export class BinaryReader {
    constructor(bytes: Uint8Array);
    /** Moves on to the next field; returns false at the end of the message. */
    nextField(): boolean;
    isEndGroup(): boolean;
    getFieldNumber(): number;
    skipField(): void;
    readString(): string;
    /** Calls `read` with the reader at the first field of a message within the message. */
    readMessage(message: null, read: () => void): void;
  }
}
