import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * A consumer written against Java's own HttpClient. Arguments: the anchor, the chain, the key (PEM), the protocol (TLSv1.2 or TLSv1.3),
 * a file of headers (one "Name: value" a line), and then for each call its method, its URL, and the file that is its body ("-" for none).
 * Prints for each call: protocol, status, Ssp-Verdict, bytes and SHA-256 of the body.
 */
public final class Consumer {
    public static void main(String[] args) throws Exception {
        SSLContext context = contextOf(Path.of(args[0]), Path.of(args[1]), Path.of(args[2]));
        SSLParameters parameters = new SSLParameters();
        parameters.setProtocols(new String[] {args[3]});
        HttpClient client = HttpClient.newBuilder().sslContext(context).sslParameters(parameters).build();
        for (int i = 5; i + 2 < args.length; i += 3) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(args[i + 1]));
            for (String line : Files.readAllLines(Path.of(args[4]))) {
                int colon = line.indexOf(": ");
                request.header(line.substring(0, colon), line.substring(colon + 2));
            }
            boolean empty = args[i + 2].equals("-");
            request.method(args[i], empty ? BodyPublishers.noBody() : BodyPublishers.ofFile(Path.of(args[i + 2])));
            HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
            String sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(answer.body()));
            String verdict = answer.headers().firstValue("ssp-verdict").orElse("none");
            String protocol = answer.sslSession().orElseThrow().getProtocol();
            System.out.println(protocol + " " + answer.statusCode() + " " + verdict.split(",")[0] + " " + answer.body().length + " " + sha256);
        }
    }

    private static SSLContext contextOf(Path anchor, Path chain, Path key) throws Exception {
        CertificateFactory certificates = CertificateFactory.getInstance("X.509");
        char[] password = "in memory only".toCharArray();
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, password);
        Certificate[] shown = certificates.generateCertificates(new ByteArrayInputStream(Files.readAllBytes(chain))).toArray(new Certificate[0]);
        own.setKeyEntry("consumer", privateKeyOf(key), password, shown);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, password);
        trusted.setCertificateEntry("anchor", certificates.generateCertificate(new ByteArrayInputStream(Files.readAllBytes(anchor))));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static PrivateKey privateKeyOf(Path key) throws Exception {
        String body = Files.readString(key).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(body)));
    }
}
