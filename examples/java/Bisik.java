import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Matching from the JVM: a verified feed, and batches that cross the border in direct buffers, without a copy.
 *
 * <p>One object may be used by many threads; {@link #close} needs that none of them does any more.
 */
public final class Bisik implements AutoCloseable {
    static {
        System.loadLibrary("bisikjni");
    }

    /** A failed call: the name of its status and a message, which holds no identifier. */
    public static final class BisikException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        /** The status, as in {@code bisik.h}. */
        public final int status;

        BisikException(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    /** Bit of a mask byte: a feed lists the value. */
    public static final byte HIT = 1;

    /** Bit of a mask byte: the value could not be looked up, or its hit was suppressed. */
    public static final byte REJECTED = 2;

    /** Values of one kind, one after the other in memory outside of the Java heap. */
    public static final class Column {
        final ByteBuffer data;
        final ByteBuffer offsets;
        final int count;

        /** Copies strings together; who has them in Arrow buffers already passes those instead. */
        public Column(List<String> values) {
            byte[][] encoded = new byte[values.size()][];
            int length = 0;
            for (int i = 0; i < encoded.length; i++) {
                encoded[i] = values.get(i).getBytes(StandardCharsets.UTF_8);
                length = Math.addExact(length, encoded[i].length);
            }
            ByteBuffer texts = ByteBuffer.allocateDirect(length);
            ByteBuffer ends = ByteBuffer.allocateDirect(Math.multiplyExact(8, encoded.length + 1));
            ends.order(ByteOrder.nativeOrder()).putLong(0);
            for (byte[] value : encoded) {
                texts.put(value);
                ends.putLong(texts.position());
            }
            this.data = texts;
            this.offsets = ends;
            this.count = encoded.length;
        }

        /** Takes direct buffers as Arrow lays them out: UTF-8 bytes, and count + 1 offsets of 8 bytes. */
        public Column(ByteBuffer data, ByteBuffer offsets, int count) {
            if (!data.isDirect() || !offsets.isDirect() || offsets.capacity() < 8L * (count + 1L)) {
                throw new IllegalArgumentException("direct buffers with count + 1 offsets are needed");
            }
            this.data = data;
            this.offsets = offsets;
            this.count = count;
        }
    }

    private long handle;

    /**
     * Opens and verifies an open feed from a file.
     *
     * @param now seconds since 1970
     */
    public Bisik(String path, String card, long now) {
        handle = open(path.getBytes(StandardCharsets.UTF_8), card.getBytes(StandardCharsets.UTF_8), now);
    }

    /** Looks values up; gives a byte a value, of {@link #HIT} and {@link #REJECTED}. */
    public ByteBuffer match(int kind, Column column, String region, long now) {
        if (handle == 0) {
            throw new IllegalStateException("closed");
        }
        ByteBuffer mask = ByteBuffer.allocateDirect(column.count);
        byte[] regionBytes = region == null ? null : region.getBytes(StandardCharsets.UTF_8);
        match(handle, kind, column.data, column.offsets, column.count, regionBytes, now, mask);
        return mask;
    }

    @Override
    public void close() {
        free(handle);
        handle = 0;
    }

    private static native long open(byte[] path, byte[] card, long now);

    private static native void match(
            long handle, int kind, ByteBuffer data, ByteBuffer offsets, int count, byte[] region, long now, ByteBuffer mask);

    private static native void free(long handle);
}
