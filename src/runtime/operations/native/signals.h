/** Signals reach the process on a thread of their own. */
#pragma once

/**
 * From now on a thread that does nothing else receives the signals of this process, instead of the calling thread and of
 * the threads that are created later. To be called on the main thread before TensorFlow creates its threads.
 *
 * @returns whether the system allowed it
 */
bool receiveSignalsApart();
