-- The sample database: dbo.Persons with 240 rows made up, the tables that NightlySummary, IngestOrder and PlaceOrder
-- write to, and the procedure that CityReport calls.

CREATE TABLE dbo.Persons (
    Id int IDENTITY PRIMARY KEY,
    Name nvarchar(100) NOT NULL,
    City nvarchar(50),
    Balance decimal(18,4),
    Created datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
);

CREATE TABLE dbo.NightlySummaries (
    Id int IDENTITY PRIMARY KEY,
    Persons int NOT NULL,
    TotalBalance decimal(38,4) NOT NULL,
    PastDue bit NOT NULL,
    Created datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
);

CREATE TABLE dbo.IncomingOrders (
    OrderId varchar(40) PRIMARY KEY,
    Customer nvarchar(100) NOT NULL,
    Amount decimal(18,2) NOT NULL,
    Created datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
);

CREATE TABLE dbo.PlacedOrders (
    Id int IDENTITY PRIMARY KEY,
    Customer nvarchar(100) NOT NULL,
    Amount decimal(18,2) NOT NULL,
    Created datetime2(3) NOT NULL DEFAULT SYSUTCDATETIME()
);

CREATE TABLE dbo.AzsqlIdempotency (
    Id binary(32) NOT NULL CONSTRAINT PK_AzsqlIdempotency PRIMARY KEY,
    FunctionName nvarchar(128) NOT NULL,
    Request binary(32) NOT NULL,
    Answer varbinary(max) NULL,
    CreatedAt datetime2(0) NOT NULL,
    ExpiresAt datetime2(0) NOT NULL
);
CREATE INDEX IX_AzsqlIdempotency_ExpiresAt ON dbo.AzsqlIdempotency (ExpiresAt);

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Müller', N'Tromsø', 45179.8305, '2024-01-02T12:16:13.512'),
    (N'Björn al-Masri', N'Lyon', 55571.0900, '2024-01-05T13:05:35.901'),
    (N'Ingrid O''Neill', N'Sofia', 44286.1000, '2024-01-08T16:56:25.652'),
    (N'Pilar Yılmaz', N'Reykjavík', NULL, '2024-01-11T11:08:24.381'),
    (N'Wen Halvorsen', N'Casablanca', 65116.0100, '2024-01-14T21:30:26.871'),
    (N'Anna Dvořák', NULL, 40715.1633, '2024-01-17T18:41:06.651'),
    (N'Søren Ó Briain', N'Zürich', 36565.7600, '2024-01-20T23:33:18.501'),
    (N'Dmitri Öberg', N'São Paulo', -658.8500, '2024-01-23T23:53:54.225'),
    (N'Kağan Zhang', N'Göteborg', 33604.4600, '2024-01-26T18:10:58.554'),
    (N'Renée Ivanova', N'Zagreb', 59872.1300, '2024-01-29T18:13:44.125'),
    (N'Yūki Jónsdóttir', N'İstanbul', -5436.0587, '2024-02-02T02:54:43.797'),
    (N'Priya Nowak', N'Tromsø', 60970.7900, '2024-02-05T02:44:42.049'),
    (N'Željko Nyström', N'Lyon', 50828.5500, '2024-02-08T02:01:38.504'),
    (N'Fatima Petit', N'Reykjavík', 22420.0000, '2024-02-11T01:51:42.774'),
    (N'Małgorzata Kovačević', N'Casablanca', 29614.7000, '2024-02-14T06:19:54.583'),
    (N'Tomáš Gonçalves', N'Zürich', 62304.6128, '2024-02-17T08:26:00.237'),
    (N'Ελένη Öztürk', N'Göteborg', 66067.7200, '2024-02-20T04:01:34.026'),
    (N'Marta Åkesson', N'Łódź', 71038.2900, '2024-02-23T10:53:41.110'),
    (N'Aoife Wiśniewska', NULL, 65565.0100, '2024-02-26T10:44:25.701'),
    (N'Hồng Ramírez', N'İstanbul', 60291.9800, '2024-02-29T09:44:59.288'),
    (N'Ólafur Dubois', N'São Paulo', NULL, '2024-03-03T11:01:07.115'),
    (N'Véronique Fernández', N'Sofia', 48460.9800, '2024-03-06T05:28:45.675'),
    (N'José Sørensen', N'Kraków', -2810.6600, '2024-03-09T14:47:43.121'),
    (N'Łukasz Nguyễn', N'東京', 65773.6500, '2024-03-12T10:40:25.240'),
    (N'Chloé Llewellyn', N'Sofia', 54861.5600, '2024-03-15T10:53:08.030'),
    (N'João de Vries', N'Reykjavík', 29220.3971, '2024-03-18T16:41:07.708'),
    (N'Quentin Şahin', N'Utrecht', 10971.2600, '2024-03-21T16:10:39.334'),
    (N'Ximena Peña', N'İstanbul', 75012.0600, '2024-03-24T17:32:41.086'),
    (N'Kwame Lefèvre', N'Kraków', -7344.7800, '2024-03-27T15:49:34.001'),
    (N'İpek García', N'Casablanca', 46550.4700, '2024-03-30T18:15:03.787'),
    (N'Émile Nowak', N'Huế', 11168.9799, '2024-04-02T22:00:29.878'),
    (N'Linnéa Nyström', NULL, 47072.7500, '2024-04-06T00:00:51.363'),
    (N'Siân Petit', N'Casablanca', 41161.7900, '2024-04-08T22:07:48.153'),
    (N'Андрей Kovačević', N'Łódź', 1231.3900, '2024-04-12T01:45:33.350'),
    (N'Oluwaseun Gonçalves', N'Göteborg', 44697.9900, '2024-04-15T03:11:13.462'),
    (N'Mirjam Öztürk', N'Zagreb', 73243.6504, '2024-04-17T20:40:37.580'),
    (N'Göran Åkesson', N'São Paulo', 53780.7800, '2024-04-21T05:49:20.428'),
    (N'Noémie Wiśniewska', N'Köln', NULL, '2024-04-24T02:23:21.325'),
    (N'Ümit Ramírez', N'Łódź', 10046.6600, '2024-04-27T02:28:37.088'),
    (N'美咲 Dubois', N'Casablanca', 3966.9900, '2024-04-29T23:00:38.194');

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Fernández', N'Montréal', 12345678901234.5678, '2024-05-03T04:16:55.137'),
    (N'Björn Sørensen', N'København', 0.0001, '2024-05-06T04:20:59.934'),
    (N'Ingrid Nguyễn', N'Göteborg', -6064.9500, '2024-05-09T03:43:23.161'),
    (N'Pilar Llewellyn', N'Sofia', 10232.2200, '2024-05-12T05:17:56.372'),
    (N'Wen de Vries', NULL, -7089.7600, '2024-05-15T08:35:36.643'),
    (N'Anna Şahin', N'Utrecht', 12553.6098, '2024-05-18T08:45:19.070'),
    (N'Søren Peña', N'Montréal', 57653.1200, '2024-05-21T11:34:05.252'),
    (N'Dmitri Lefèvre', N'Tromsø', 13961.2000, '2024-05-24T10:04:40.218'),
    (N'Kağan García', N'Zagreb', 38966.5600, '2024-05-27T16:33:37.581'),
    (N'Renée Müller', N'東京', 29243.0600, '2024-05-30T17:29:34.249'),
    (N'Yūki al-Masri', N'Göteborg', 60786.6758, '2024-06-02T13:14:58.019'),
    (N'Priya O''Neill', N'İstanbul', 44382.2600, '2024-06-05T13:44:35.460'),
    (N'Željko Yılmaz', N'Huế', 16867.9400, '2024-06-08T16:10:31.890'),
    (N'Fatima Halvorsen', N'Köln', -197.7000, '2024-06-11T20:53:09.898'),
    (N'Małgorzata Dvořák', N'København', NULL, '2024-06-14T21:37:38.397'),
    (N'Tomáš Ó Briain', N'Göteborg', 67216.9712, '2024-06-17T21:01:09.000'),
    (N'Ελένη Öberg', N'Montréal', 1148.5500, '2024-06-20T20:19:49.253'),
    (N'Marta Zhang', NULL, 66474.9400, '2024-06-24T01:50:22.917'),
    (N'Aoife Ivanova', N'Zagreb', 25741.8100, '2024-06-27T03:25:36.012'),
    (N'Hồng Jónsdóttir', N'Sofia', 20339.2700, '2024-06-30T03:03:15.699'),
    (N'Ólafur Sørensen', N'Zagreb', 55134.9597, '2024-07-03T01:59:51.956'),
    (N'Véronique Nguyễn', N'東京', 6975.4700, '2024-07-06T04:32:04.714'),
    (N'José Llewellyn', N'Reykjavík', 2160.5200, '2024-07-09T07:50:31.686'),
    (N'Łukasz de Vries', N'Reykjavík', 34657.8500, '2024-07-12T01:01:10.340'),
    (N'Chloé Şahin', N'Kraków', 75769.8200, '2024-07-15T02:00:21.215'),
    (N'João Peña', N'İstanbul', 4648.3992, '2024-07-18T08:48:49.104'),
    (N'Quentin Lefèvre', N'Łódź', -921.4700, '2024-07-21T07:59:54.455'),
    (N'Ximena García', N'Zürich', 42105.7100, '2024-07-24T12:16:03.438'),
    (N'Kwame Müller', N'Łódź', 50420.0500, '2024-07-27T13:50:24.767'),
    (N'İpek al-Masri', N'Łódź', 41777.8400, '2024-07-30T11:34:07.383'),
    (N'Émile O''Neill', NULL, 17685.3524, '2024-08-02T14:12:49.410'),
    (N'Linnéa Yılmaz', N'København', NULL, '2024-08-05T11:56:44.656'),
    (N'Siân Halvorsen', N'Casablanca', 22844.0500, '2024-08-08T13:33:48.233'),
    (N'Андрей Dvořák', N'Malmö', 55717.6400, '2024-08-11T18:24:41.116'),
    (N'Oluwaseun Ó Briain', N'København', 63101.7800, '2024-08-14T18:30:44.677'),
    (N'Mirjam Öberg', N'Zürich', 74414.0594, '2024-08-17T18:27:05.140'),
    (N'Göran Zhang', N'東京', 47154.1000, '2024-08-20T13:44:04.491'),
    (N'Noémie Ivanova', N'Zagreb', 35210.6700, '2024-08-23T17:42:43.593'),
    (N'Ümit Jónsdóttir', N'Tromsø', 44644.5700, '2024-08-26T17:14:41.882'),
    (N'美咲 Nowak', N'São Paulo', 40239.2800, '2024-08-29T15:59:08.681');

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Nyström', N'Zürich', 59310.1187, '2024-09-01T16:04:31.377'),
    (N'Björn Petit', N'東京', 49581.6400, '2024-09-04T22:48:56.589'),
    (N'Ingrid Kovačević', N'Göteborg', 42816.9100, '2024-09-07T18:08:29.494'),
    (N'Pilar Gonçalves', NULL, 12106.3300, '2024-09-10T22:07:52.747'),
    (N'Wen Öztürk', N'Montréal', 42685.4400, '2024-09-14T04:42:07.304'),
    (N'Anna Åkesson', N'Huế', 17249.4314, '2024-09-16T23:52:55.821'),
    (N'Søren Wiśniewska', N'Tromsø', 6055.6800, '2024-09-20T00:42:14.844'),
    (N'Dmitri Ramírez', N'Malmö', 46714.7900, '2024-09-23T08:44:48.419'),
    (N'Kağan Dubois', N'Lyon', NULL, '2024-09-26T07:33:36.856'),
    (N'Renée Fernández', N'Köln', 34479.2200, '2024-09-29T07:04:39.567'),
    (N'Yūki Yılmaz', N'Zagreb', -2112.1533, '2024-10-02T10:25:19.230'),
    (N'Priya Halvorsen', N'Sofia', 22789.9900, '2024-10-05T04:37:24.220'),
    (N'Željko Dvořák', N'Kraków', 11521.8800, '2024-10-08T09:24:42.174'),
    (N'Fatima Ó Briain', N'København', 33574.5000, '2024-10-11T10:58:25.696'),
    (N'Małgorzata Öberg', N'Łódź', 50253.1000, '2024-10-14T13:47:37.661'),
    (N'Tomáš Zhang', N'Montréal', 12668.3550, '2024-10-17T13:02:59.166'),
    (N'Ελένη Ivanova', NULL, 22535.1000, '2024-10-20T13:40:53.595'),
    (N'Marta Jónsdóttir', N'Corcaigh', 69444.6800, '2024-10-23T18:37:41.043'),
    (N'Aoife Nowak', N'Corcaigh', -7893.5400, '2024-10-26T18:25:59.607'),
    (N'Hồng Nyström', N'Zürich', 17453.2300, '2024-10-29T12:43:49.827'),
    (N'Ólafur Petit', N'Corcaigh', 8523.3308, '2024-11-01T16:19:58.181'),
    (N'Véronique Kovačević', N'Montréal', 59412.4800, '2024-11-04T19:51:09.285'),
    (N'José Gonçalves', N'São Paulo', -5406.0500, '2024-11-07T17:10:31.414'),
    (N'Łukasz Öztürk', N'Casablanca', 67809.3300, '2024-11-10T20:21:16.707'),
    (N'Chloé Åkesson', N'Lyon', 70882.4100, '2024-11-13T18:23:47.545'),
    (N'João Wiśniewska', N'São Paulo', NULL, '2024-11-17T00:16:19.118'),
    (N'Quentin Ramírez', N'Łódź', 69531.8000, '2024-11-19T18:01:26.208'),
    (N'Ximena Dubois', N'東京', 55675.9900, '2024-11-22T21:38:17.082'),
    (N'Kwame Fernández', N'Lyon', 54345.1100, '2024-11-26T03:17:44.088'),
    (N'İpek Sørensen', NULL, 38811.7700, '2024-11-28T22:13:10.835'),
    (N'Émile Nguyễn', N'Utrecht', 6951.1937, '2024-12-02T06:51:24.175'),
    (N'Linnéa Llewellyn', N'Reykjavík', 39383.3100, '2024-12-05T08:23:49.920'),
    (N'Siân de Vries', N'Łódź', 4073.0600, '2024-12-08T04:53:25.476'),
    (N'Андрей Şahin', N'Zürich', 72856.5100, '2024-12-11T08:50:17.625'),
    (N'Oluwaseun Peña', N'Kraków', -6498.3800, '2024-12-14T04:34:03.737'),
    (N'Mirjam Lefèvre', N'São Paulo', 1450.5940, '2024-12-17T06:53:57.845'),
    (N'Göran García', N'Kraków', 20474.4900, '2024-12-20T07:49:32.028'),
    (N'Noémie Müller', N'Reykjavík', 6053.9700, '2024-12-23T13:48:11.624'),
    (N'Ümit al-Masri', N'Malmö', 64014.4400, '2024-12-26T07:51:51.268'),
    (N'美咲 O''Neill', N'Casablanca', -5420.3100, '2024-12-29T10:58:19.838');

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Kovačević', N'Lyon', 21486.4957, '2025-01-01T15:52:44.667'),
    (N'Björn Gonçalves', N'Lyon', 36198.2800, '2025-01-04T14:11:24.472'),
    (N'Ingrid Öztürk', NULL, NULL, '2025-01-07T15:30:14.882'),
    (N'Pilar Åkesson', N'Montréal', 72663.7500, '2025-01-10T14:30:08.184'),
    (N'Wen Wiśniewska', N'København', 17116.5100, '2025-01-13T19:50:58.642'),
    (N'Anna Ramírez', N'東京', 60097.0588, '2025-01-16T13:59:42.129'),
    (N'Søren Dubois', N'Utrecht', 9896.6000, '2025-01-19T14:56:47.396'),
    (N'Dmitri Fernández', N'東京', 40719.5200, '2025-01-23T00:57:58.867'),
    (N'Kağan Sørensen', N'Montréal', 7680.1400, '2025-01-25T21:02:53.899'),
    (N'Renée Nguyễn', N'İstanbul', -4716.1300, '2025-01-28T20:59:18.936'),
    (N'Yūki Llewellyn', N'København', 21974.6675, '2025-02-01T02:38:03.579'),
    (N'Priya de Vries', N'Kraków', -3661.1300, '2025-02-04T01:40:01.845'),
    (N'Željko Şahin', N'Montréal', 24392.0700, '2025-02-07T04:11:00.665'),
    (N'Fatima Peña', N'Köln', 47782.8600, '2025-02-10T05:03:46.211'),
    (N'Małgorzata Lefèvre', N'Utrecht', 72932.3300, '2025-02-13T03:39:22.127'),
    (N'Tomáš García', NULL, 63467.8288, '2025-02-16T04:20:51.064'),
    (N'Ελένη Müller', N'Montréal', 60727.9500, '2025-02-19T07:51:46.683'),
    (N'Marta al-Masri', N'Sofia', 38404.4100, '2025-02-22T02:45:39.604'),
    (N'Aoife O''Neill', N'São Paulo', -6679.0000, '2025-02-25T08:29:55.358'),
    (N'Hồng Yılmaz', N'東京', NULL, '2025-02-28T12:34:24.861'),
    (N'Ólafur Halvorsen', N'Casablanca', 25047.1887, '2025-03-03T07:10:00.377'),
    (N'Véronique Dvořák', N'Zürich', -1320.9500, '2025-03-06T13:12:51.649'),
    (N'José Ó Briain', N'Huế', -1704.1400, '2025-03-09T08:43:28.010'),
    (N'Łukasz Öberg', N'Zürich', 63678.6700, '2025-03-12T16:02:56.882'),
    (N'Chloé Zhang', N'Casablanca', 10112.5600, '2025-03-15T13:54:12.851'),
    (N'João Ivanova', N'İstanbul', 74032.6871, '2025-03-18T10:14:32.651'),
    (N'Quentin Jónsdóttir', N'Reykjavík', 16216.3600, '2025-03-21T12:50:24.126'),
    (N'Ximena Nowak', N'Kraków', 3778.9900, '2025-03-24T19:49:19.115'),
    (N'Kwame Nyström', NULL, 53368.0000, '2025-03-27T13:46:04.041'),
    (N'İpek Petit', N'İstanbul', 37482.9200, '2025-03-30T14:01:41.807'),
    (N'Émile de Vries', N'Kraków', 68744.6702, '2025-04-02T15:50:20.715'),
    (N'Linnéa Şahin', N'Tromsø', 24472.1900, '2025-04-05T16:16:01.851'),
    (N'Siân Peña', N'Sofia', 18603.6500, '2025-04-08T19:07:17.154'),
    (N'Андрей Lefèvre', N'東京', 6462.0400, '2025-04-11T19:32:24.876'),
    (N'Oluwaseun García', N'Huế', 30083.9600, '2025-04-15T02:14:58.148'),
    (N'Mirjam Müller', N'São Paulo', 34340.5675, '2025-04-18T02:03:12.997'),
    (N'Göran al-Masri', N'Reykjavík', NULL, '2025-04-21T00:09:53.009'),
    (N'Noémie O''Neill', N'São Paulo', 53726.6300, '2025-04-24T04:17:34.142'),
    (N'Ümit Yılmaz', N'Göteborg', 35838.0900, '2025-04-27T01:30:38.185'),
    (N'美咲 Halvorsen', N'Reykjavík', 41235.6100, '2025-04-30T02:09:59.231');

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Dvořák', N'Corcaigh', 56333.3707, '2025-05-03T02:36:38.794'),
    (N'Björn Ó Briain', NULL, 23812.4500, '2025-05-06T08:09:31.612'),
    (N'Ingrid Öberg', N'Corcaigh', -389.7300, '2025-05-09T02:10:04.858'),
    (N'Pilar Zhang', N'Köln', 45636.0500, '2025-05-12T03:44:21.779'),
    (N'Wen Ivanova', N'Tromsø', 33848.9600, '2025-05-15T04:17:25.267'),
    (N'Anna Jónsdóttir', N'Corcaigh', -1291.3670, '2025-05-18T05:54:50.837'),
    (N'Søren Nowak', N'Kraków', 55687.0200, '2025-05-21T13:20:58.024'),
    (N'Dmitri Nyström', N'Montréal', 31986.5500, '2025-05-24T12:24:23.566'),
    (N'Kağan Petit', N'Zagreb', 3178.1800, '2025-05-27T09:59:14.437'),
    (N'Renée Kovačević', N'東京', 57043.9500, '2025-05-30T17:20:36.647'),
    (N'Yūki Gonçalves', N'Köln', 31842.0613, '2025-06-02T18:33:17.555'),
    (N'Priya Öztürk', N'Köln', 12642.8800, '2025-06-05T17:55:02.900'),
    (N'Željko Åkesson', N'Lyon', -2377.2200, '2025-06-08T12:52:23.802'),
    (N'Fatima Wiśniewska', N'Göteborg', NULL, '2025-06-11T22:18:04.758'),
    (N'Małgorzata Ramírez', NULL, 38594.7200, '2025-06-14T16:50:03.958'),
    (N'Tomáš Dubois', N'São Paulo', 11465.3133, '2025-06-17T23:40:51.979'),
    (N'Ελένη Fernández', N'Casablanca', -7884.6200, '2025-06-20T23:29:53.808'),
    (N'Marta Sørensen', N'Łódź', 34516.4900, '2025-06-23T22:57:19.776'),
    (N'Aoife Nguyễn', N'Tromsø', 66979.8600, '2025-06-27T01:11:45.464'),
    (N'Hồng Llewellyn', N'Lyon', 33593.4400, '2025-06-29T19:52:32.948'),
    (N'Ólafur Ó Briain', N'İstanbul', 15809.0468, '2025-07-02T20:07:28.307'),
    (N'Véronique Öberg', N'Corcaigh', 26026.6300, '2025-07-06T01:14:24.991'),
    (N'José Zhang', N'Tromsø', 26749.1600, '2025-07-09T05:33:16.649'),
    (N'Łukasz Ivanova', N'İstanbul', 16096.1200, '2025-07-12T05:16:31.387'),
    (N'Chloé Jónsdóttir', N'Köln', 75157.8700, '2025-07-15T06:43:20.130'),
    (N'João Nowak', N'İstanbul', 31939.9753, '2025-07-18T06:29:38.438'),
    (N'Quentin Nyström', N'Sofia', 22828.6300, '2025-07-21T07:49:43.986'),
    (N'Ximena Petit', NULL, 71613.5300, '2025-07-24T08:05:04.586'),
    (N'Kwame Kovačević', N'Göteborg', 23287.3100, '2025-07-27T13:30:10.556'),
    (N'İpek Gonçalves', N'Zagreb', 15647.6700, '2025-07-30T05:31:48.991'),
    (N'Émile Öztürk', N'København', NULL, '2025-08-02T08:43:53.860'),
    (N'Linnéa Åkesson', N'København', 21746.2100, '2025-08-05T09:41:21.813'),
    (N'Siân Wiśniewska', N'Montréal', -2678.8600, '2025-08-08T09:18:22.998'),
    (N'Андрей Ramírez', N'Malmö', 5623.6500, '2025-08-11T15:37:42.082'),
    (N'Oluwaseun Dubois', N'Kraków', 54634.8200, '2025-08-14T13:08:25.526'),
    (N'Mirjam Fernández', N'São Paulo', 75816.6821, '2025-08-17T14:42:46.190'),
    (N'Göran Sørensen', N'Łódź', 69504.6100, '2025-08-20T19:25:54.678'),
    (N'Noémie Nguyễn', N'Montréal', 21334.4800, '2025-08-23T15:32:47.374'),
    (N'Ümit Llewellyn', N'København', 29392.1700, '2025-08-26T17:47:36.611'),
    (N'美咲 de Vries', N'Casablanca', 15447.0900, '2025-08-29T20:30:30.306');

INSERT INTO dbo.Persons (Name, City, Balance, Created) VALUES
    (N'Zoë Şahin', NULL, 54836.4268, '2025-09-01T16:16:19.508'),
    (N'Björn Peña', N'İstanbul', 34727.3400, '2025-09-04T20:07:28.776'),
    (N'Ingrid Lefèvre', N'Kraków', 5826.8200, '2025-09-08T02:29:45.544'),
    (N'Pilar García', N'Corcaigh', 66335.2100, '2025-09-10T19:18:08.097'),
    (N'Wen Müller', N'Łódź', 32329.1100, '2025-09-13T22:56:02.495'),
    (N'Anna al-Masri', N'Lyon', 71656.6433, '2025-09-17T01:54:01.097'),
    (N'Søren O''Neill', N'İstanbul', -7949.5800, '2025-09-20T00:01:16.481'),
    (N'Dmitri Yılmaz', N'Tromsø', NULL, '2025-09-23T03:55:50.285'),
    (N'Kağan Halvorsen', N'Corcaigh', 33053.3800, '2025-09-26T02:35:25.302'),
    (N'Renée Dvořák', N'Huế', -1358.5800, '2025-09-29T05:28:59.327'),
    (N'Yūki Åkesson', N'Utrecht', 49363.6932, '2025-10-02T05:42:11.544'),
    (N'Priya Wiśniewska', N'Tromsø', 11569.3500, '2025-10-05T10:25:58.280'),
    (N'Željko Ramírez', N'Köln', 64249.8700, '2025-10-08T07:04:03.262'),
    (N'Fatima Dubois', NULL, 56247.4400, '2025-10-11T05:42:46.109'),
    (N'Małgorzata Fernández', N'Reykjavík', 24567.0200, '2025-10-14T13:45:58.462'),
    (N'Tomáš Sørensen', N'東京', 17109.1068, '2025-10-17T15:48:51.770'),
    (N'Ελένη Nguyễn', N'Sofia', 17077.3400, '2025-10-20T16:31:29.151'),
    (N'Marta Llewellyn', N'Malmö', 12024.7600, '2025-10-23T12:19:03.893'),
    (N'Aoife de Vries', N'Malmö', 40285.8600, '2025-10-26T18:35:06.106'),
    (N'Hồng Şahin', N'Köln', -6573.9600, '2025-10-29T11:00:52.744'),
    (N'Ólafur Peña', N'Łódź', -3722.7458, '2025-11-01T15:24:34.817'),
    (N'Véronique Lefèvre', N'São Paulo', 67704.2800, '2025-11-04T14:21:30.396'),
    (N'José García', N'Łódź', 16578.7600, '2025-11-07T17:48:32.162'),
    (N'Łukasz Müller', N'Kraków', 29781.3200, '2025-11-10T19:50:04.991'),
    (N'Chloé al-Masri', N'Kraków', NULL, '2025-11-14T01:52:42.708'),
    (N'João O''Neill', N'İstanbul', 17499.2506, '2025-11-16T18:13:28.109'),
    (N'Quentin Yılmaz', NULL, 43708.9700, '2025-11-19T20:24:41.227'),
    (N'Ximena Halvorsen', N'Corcaigh', 53936.0100, '2025-11-22T21:43:02.264'),
    (N'Kwame Dvořák', N'Köln', 20267.3700, '2025-11-26T01:47:13.609'),
    (N'İpek Ó Briain', N'Reykjavík', 11813.4000, '2025-11-28T22:16:13.501'),
    (N'Émile Öberg', N'São Paulo', 40687.9969, '2025-12-02T05:18:33.815'),
    (N'Linnéa Zhang', N'Reykjavík', 53018.0700, '2025-12-05T00:53:40.090'),
    (N'Siân Ivanova', N'Zagreb', 62135.6200, '2025-12-08T09:06:56.447'),
    (N'Андрей Jónsdóttir', N'Köln', 10457.9700, '2025-12-11T02:17:06.676'),
    (N'Oluwaseun Nowak', N'Göteborg', 11191.6600, '2025-12-14T08:05:25.571'),
    (N'Mirjam Nyström', N'Köln', 7499.6703, '2025-12-17T05:49:15.587'),
    (N'Göran Petit', N'Huế', 51056.7100, '2025-12-20T05:53:39.965'),
    (N'Noémie Kovačević', N'İstanbul', 61366.6500, '2025-12-23T11:01:16.494'),
    (N'Ümit Gonçalves', N'Tromsø', 47329.6800, '2025-12-26T07:55:31.058'),
    (N'美咲 Öztürk', NULL, 59750.9800, '2025-12-29T12:21:01.924');
GO

-- The richest persons of a city, how many came in each year, and two numbers over all of them. Returns 1 for a city without any.
CREATE PROCEDURE dbo.CityReport
    @city nvarchar(50),
    @richest int = 3,
    @persons int OUTPUT,
    @total decimal(38,4) OUTPUT
AS
BEGIN
    SET NOCOUNT ON;
    SET @persons = (SELECT COUNT(*) FROM dbo.Persons WHERE City = @city);
    SET @total = (SELECT SUM(Balance) FROM dbo.Persons WHERE City = @city);
    IF @richest > 0
    BEGIN
        SELECT TOP (@richest) Id, Name, Balance
        FROM dbo.Persons
        WHERE City = @city
        ORDER BY Balance DESC, Id;
        SELECT YEAR(Created) AS [Year], COUNT(*) AS Persons
        FROM dbo.Persons
        WHERE City = @city
        GROUP BY YEAR(Created)
        ORDER BY YEAR(Created);
    END;
    IF @persons = 0
        RETURN 1;
END;
GO
