/**
 * How many conversations a client keeps. A server that names more, in lists or one by one, is not
 * followed: nothing that it sends makes the client grow without end.
 */

export const MAX_CONVERSATIONS = 10_000;
