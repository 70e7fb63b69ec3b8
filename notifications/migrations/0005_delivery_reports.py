import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0004_links'),
        ('practice', '0003_holiday_calendar'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProviderEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('provider', models.CharField(max_length=20, verbose_name='provider')),
                ('event_key', models.CharField(max_length=200)),
                ('status', models.CharField(choices=[('accepted', 'accepted'), ('delivered', 'delivered'), ('undelivered', 'not delivered'), ('bounced', 'sent back'), ('complained', 'marked as spam')], max_length=12, verbose_name='report')),
                ('error_code', models.CharField(blank=True, max_length=60, verbose_name='error')),
                ('received_at', models.DateTimeField(verbose_name='received')),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='notifications.message', verbose_name='message')),
            ],
            options={
                'verbose_name': "provider's report",
                'verbose_name_plural': "providers' reports",
                'ordering': ('-received_at', '-pk'),
                'constraints': [models.UniqueConstraint(models.F('provider'), models.F('event_key'), name='notifications_provider_event_once')],
            },
        ),
        migrations.CreateModel(
            name='UnreachableAddress',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'email'), ('sms', 'SMS')], max_length=5, verbose_name='channel')),
                ('value', models.CharField(max_length=254, verbose_name='address or number')),
                ('reason', models.CharField(choices=[('invalid', 'there is no such number or address'), ('landline', 'a landline, which takes no texts'), ('opted_out', 'answered STOP'), ('bounced', 'mail was sent back'), ('complained', 'marked our mail as spam')], max_length=10, verbose_name='why')),
                ('since_at', models.DateTimeField(verbose_name='since')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='practice.client', verbose_name='client')),
            ],
            options={
                'verbose_name': 'unreachable address',
                'verbose_name_plural': 'unreachable addresses',
                'ordering': ('-since_at', '-pk'),
                'constraints': [models.UniqueConstraint(models.F('client'), models.F('channel'), models.F('value'), name='notifications_unreachable_once')],
            },
        ),
    ]
