import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code java Match CARD FEED}: looks four domains up in an open feed. */
public final class Match {
    private Match() {}

    private static final int DOMAIN = 3;

    public static void main(String[] arguments) throws Exception {
        String card = Files.readString(Path.of(arguments[0]));
        // The vectors are of this time; a program passes the clock's.
        long now = 1_800_000_000L;
        List<String> values = List.of("login-bank.example", "good.example", "a.b.LOGIN-BANK.example", "not a domain");
        try (Bisik feed = new Bisik(arguments[1], card, now)) {
            ByteBuffer mask = feed.match(DOMAIN, new Bisik.Column(values), null, now);
            int hits = 0;
            for (int i = 0; i < values.size(); i++) {
                hits += mask.get(i) & Bisik.HIT;
            }
            System.out.println(hits + " of " + values.size() + " are listed");
            try {
                feed.match(DOMAIN, new Bisik.Column(values), null, now + 8 * 86_400);
                throw new AssertionError("an expired feed was matched");
            } catch (Bisik.BisikException expected) {
                System.out.println(expected.getMessage());
            }
        }
        try {
            new Bisik(arguments[0], card, now).close();
            throw new AssertionError("a card was opened as a feed");
        } catch (Bisik.BisikException expected) {
            System.out.println(expected.getMessage());
        }
    }
}
